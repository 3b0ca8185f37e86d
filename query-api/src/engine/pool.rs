//! A bounded number of computations at once, each with a deadline, off the asynchronous threads.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shared::access::Access;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Deadline, Engine, EngineError, View};
use crate::write::{Command, Ticket};

/// Runs computations on views of one engine.
#[derive(Clone)]
pub(crate) struct Pool {
    engine: Arc<dyn Engine>,
    workers: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    queue_max: usize,
    deadline: Duration,
}

impl Pool {
    /// A pool over `engine`, as large as the settings say.
    pub(crate) fn new(engine: Arc<dyn Engine>, settings: &shared::config::Engine) -> Self {
        let workers = match settings.workers {
            0 => 2 * std::thread::available_parallelism().map_or(1, NonZero::get),
            workers => workers,
        };
        Self {
            engine,
            workers: Arc::new(Semaphore::new(workers)),
            waiting: Arc::default(),
            queue_max: settings.queue,
            deadline: Duration::from_millis(settings.deadline_ms),
        }
    }

    /// Whether the directory answers at all.
    pub(crate) fn is_ready(&self) -> bool {
        self.engine.is_ready()
    }

    /// Longest time a request may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Queues a change; see [`Engine::submit`].
    ///
    /// # Errors
    /// Those of the engine.
    pub(crate) fn submit(&self, command: Command) -> Result<Ticket, EngineError> {
        self.engine.submit(command)
    }

    /// Takes no more changes; see [`Engine::close`].
    #[cfg(test)]
    pub(crate) fn close(&self) {
        self.engine.close();
    }

    /// Computes `work` on the present view of a caller.
    ///
    /// # Errors
    /// Those of `work`; [`EngineError::Busy`] when no worker comes free in time,
    /// [`EngineError::Deadline`] when the work takes too long (it goes on until it checks).
    pub(crate) async fn run<T, F>(&self, access: Access, work: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn View, Deadline) -> Result<T, EngineError> + Send + 'static,
    {
        let deadline = Deadline::after(self.deadline);
        let permit = match Arc::clone(&self.workers).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait(deadline).await?,
        };
        let engine = Arc::clone(&self.engine);
        let task = tokio::task::spawn_blocking(move || {
            // Held until the work ends, even when nobody waits for it any more.
            let _permit = permit;
            let view = engine.view(access)?;
            work(view.as_ref(), deadline)
        });
        match timeout(deadline.remaining(), task).await {
            Err(_) => Err(EngineError::Deadline),
            Ok(Ok(result)) => result,
            Ok(Err(failure)) => Err(EngineError::Defect(failure.to_string())),
        }
    }

    async fn wait(
        &self,
        deadline: Deadline,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, EngineError> {
        let place = Place::take(&self.waiting, self.queue_max)?;
        let permit = timeout(deadline.remaining(), Arc::clone(&self.workers).acquire_owned()).await;
        drop(place);
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(EngineError::Defect("the pool is closed".to_owned())),
            Err(_) => Err(EngineError::Busy),
        }
    }
}

/// A place in the queue, given back when dropped (also when the client goes away).
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, max: usize) -> Result<Self, EngineError> {
        let place = Self(Arc::clone(waiting));
        if waiting.fetch_add(1, Ordering::Relaxed) >= max {
            Err(EngineError::Busy)
        } else {
            Ok(place)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;
    use crate::engine::EngineError;
    use crate::testing::Memory;
    use shared::access::Access;
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    fn pool(workers: usize, queue: usize, deadline_ms: u64) -> Pool {
        let settings = shared::config::Engine { workers, queue, deadline_ms };
        Pool::new(Arc::new(Memory::default()), &settings)
    }

    #[tokio::test]
    async fn too_slow_is_a_deadline() {
        let (release, held) = channel::<()>();
        let result = pool(1, 1, 20)
            .run(Access::full(), move |_, deadline| {
                let _ = held.recv();
                deadline.check()
            })
            .await;
        assert!(matches!(result, Err(EngineError::Deadline)), "{result:?}");
        drop(release);
    }

    #[tokio::test]
    async fn a_full_queue_is_busy() {
        let pool = pool(1, 0, 10_000);
        let (release, held) = channel::<()>();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(Access::full(), move |_, _| {
                    let _ = held.recv();
                    Ok(())
                })
                .await
            }
        });
        while pool.workers.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = pool.run(Access::full(), |_, _| Ok(())).await;
        assert!(matches!(second, Err(EngineError::Busy)), "{second:?}");
        drop(release);
        first.await.unwrap().unwrap();
        pool.run(Access::full(), |_, _| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_a_defect() {
        let result = pool(1, 1, 10_000)
            .run(Access::full(), |_, _| -> Result<(), _> { panic!("broken") })
            .await;
        assert!(matches!(result, Err(EngineError::Defect(_))), "{result:?}");
    }
}
