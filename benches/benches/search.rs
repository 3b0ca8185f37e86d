//! Runs the bench: prepares the directory, asks everything of everyone, prints a table and what was missed.
//!
//! Exits with 1 when a total is wrong, when a target is missed at the size of the country (see
//! `settings`), or when a rival that is required is missing. As `search floor DIR` it is the floor.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is what the bench is for")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use benches::floor::{self, Floor};
use benches::http::Connection;
use benches::live::{self, Live};
use benches::measure::{Asker, Times};
use benches::national::National;
use benches::postgres::{self, Cluster, Queries};
use benches::report::{CLIENTS, Report, Row, Side};
use benches::request::Request;
use benches::service::Service;
use benches::settings::{Rival, Settings};
use serde_json::{Value, json};

/// Each half of the measurement of changes: alone, and with them.
const LIVE: Duration = Duration::from_secs(20);

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(floor::COMMAND) {
        let bodies = arguments.next().context("the folder of the bodies")?;
        floor::serve(Path::new(&bodies))?;
        return Ok(ExitCode::SUCCESS);
    }
    let settings = Settings::from_environment()?;
    let load_before = load_average();
    let cluster = rival(&settings)?;
    let national = National::prepare(&settings, cluster.as_ref(), &|what| eprintln!("{what} …"))?;
    let report = run(&settings, &national, cluster.as_ref(), &load_before)?;
    let file = settings.folder.join(format!("run-{}.json", settings.offers));
    std::fs::write(&file, serde_json::to_vec_pretty(&report.json())?)?;
    println!("{}", report.markdown());
    println!("\n{}", report.about);
    println!("{}", file.display());
    Ok(verdict(&settings, &report))
}

/// The rival, running; none when it is not wanted, or missing and not required.
fn rival(settings: &Settings) -> anyhow::Result<Option<Cluster>> {
    if settings.rival == Rival::Off {
        return Ok(None);
    }
    // The cluster's folder must be found by another user: no link, no relative path.
    std::fs::create_dir_all(settings.national())?;
    let folder = settings.national().canonicalize()?.join("postgres");
    match postgres::install().and_then(|()| Cluster::start(&folder)) {
        Ok(cluster) => Ok(Some(cluster)),
        Err(error) if settings.rival == Rival::Required => Err(error),
        Err(error) => {
            eprintln!("without PostgreSQL: {error:#}");
            Ok(None)
        }
    }
}

fn run<'a>(
    settings: &Settings,
    national: &'a National,
    cluster: Option<&Cluster>,
    load_before: &str,
) -> anyhow::Result<Report<'a>> {
    let service = Service::start(&national.data())?;
    let queries = Queries::read()?;
    let requests: Vec<Request> =
        Request::all()?.into_iter().filter(|request| settings.wants(&request.name)).collect();
    if let Some(cluster) = cluster {
        // What is wrong in one is told before an hour is spent on the others.
        let mut client = cluster.connect()?;
        for request in &requests {
            client.prepare(queries.sql(&request.name)?).with_context(|| request.name.clone())?;
        }
    }
    let mut connection = Connection::open(&service.host)?;
    let bodies = national.bodies();
    std::fs::create_dir_all(&bodies)?;
    let mut paths = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        let path = path_of(&mut connection, &service, request)?;
        std::fs::write(bodies.join(number.to_string()), connection.get(&path)?)?;
        paths.push(path);
    }
    let floor = Floor::start(&bodies)?;
    let mut rows = Vec::new();
    for (number, request) in requests.into_iter().enumerate() {
        eprintln!("{} …", request.name);
        let from_floor = format!("/{number}");
        let sql = queries.sql(&request.name)?;
        let rival = cluster.map(|cluster| rival_side(settings, cluster, sql));
        rows.push(Row {
            expected: *national.totals.get(&request.name).context("a total")?,
            ours: http_side(settings, &service.host, &paths[number])?,
            floor: http_side(settings, &floor.host, &from_floor)?,
            rival: rival.transpose().with_context(|| request.name.clone())?,
            request,
        });
    }
    let memory = service.memory();
    let live = changes(settings, &service, &paths, national);
    let start_s = service.start.as_secs_f64();
    let about = about(settings, cluster, load_before)?;
    Ok(Report { national, rows, start_s, memory, live, about })
}

/// Changes under load. What was measured before is still told when they fail.
fn changes(
    settings: &Settings,
    service: &Service,
    paths: &[String],
    national: &National,
) -> Result<Live, String> {
    if settings.only.is_some() {
        return Ok(Live::default());
    }
    eprintln!("changes under load …");
    live::run(service, paths, &national.changeable, LIVE).map_err(|error| format!("{error:#}"))
}

/// The path of a request's page: the links are followed to it once.
fn path_of(
    connection: &mut Connection,
    service: &Service,
    request: &Request,
) -> anyhow::Result<String> {
    let mut path = format!("{}/{}", service.base, request.encoded());
    for page in 1..request.page {
        let answer: Value = serde_json::from_slice(connection.get(&path)?)?;
        let links = answer["link"].as_array().context("links")?;
        let next = links.iter().find(|link| link["relation"] == "next");
        let url = next.and_then(|link| link["url"].as_str());
        let after = |url: &str| Some(url[url.find(&service.base)?..].to_owned());
        path = url.and_then(after).with_context(|| format!("a page after {page}"))?;
    }
    Ok(path)
}

fn http_side(settings: &Settings, host: &str, path: &str) -> anyhow::Result<Side> {
    let mut connection = Connection::open(host)?;
    let body = connection.get(path)?;
    let answer: Value = serde_json::from_slice(body)?;
    let total = total(&answer).context("a total")?;
    let bytes = body.len();
    let connect = || -> anyhow::Result<Asker<'_>> {
        let mut connection = Connection::open(host)?;
        Ok(Box::new(move || connection.get(path).map(drop)))
    };
    let one = Times::of(1, settings.budget, &connect)?;
    let many = Times::of(CLIENTS, settings.budget, &connect)?;
    Ok(Side { one, many, bytes, total })
}

/// How many matches an answer tells of.
fn total(answer: &Value) -> Option<u64> {
    match answer["resourceType"].as_str()? {
        "Bundle" => answer["total"].as_u64(),
        "Parameters" => {
            let parameters = answer["parameter"].as_array()?;
            parameters.iter().find(|it| it["name"] == "total")?["valueInteger"].as_u64()
        }
        // A resource by itself was found, and is one.
        _ => Some(1),
    }
}

fn rival_side(settings: &Settings, cluster: &Cluster, sql: &str) -> anyhow::Result<Side> {
    let mut client = cluster.connect()?;
    let query = client.prepare(sql)?;
    let (total, bytes) = postgres::answer(&mut client, &query)?;
    let connect = || -> anyhow::Result<Asker<'_>> {
        let mut client = cluster.connect()?;
        let query = client.prepare(sql)?;
        Ok(Box::new(move || postgres::answer(&mut client, &query).map(drop)))
    };
    let one = Times::of(1, settings.budget, &connect)?;
    let many = Times::of(CLIENTS, settings.budget, &connect)?;
    Ok(Side { one, many, bytes, total })
}

/// Says what is wrong or missed.
fn verdict(settings: &Settings, report: &Report<'_>) -> ExitCode {
    let mut wrong = report.wrong_totals();
    wrong.extend(report.live.as_ref().err().map(|error| format!("changes under load: {error}")));
    for line in &wrong {
        println!("WRONG {line}");
    }
    let targets = report.targets();
    let missed: Vec<_> = targets.iter().filter(|target| !target.met).collect();
    for target in &missed {
        println!("MISSED {}: {:.2}, the target is {}", target.name, target.value, target.limit);
    }
    println!("{} of {} targets met", targets.len() - missed.len(), targets.len());
    let failed = !wrong.is_empty() || (settings.assert && !missed.is_empty());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The machine and what runs on it.
fn about(
    settings: &Settings,
    cluster: Option<&Cluster>,
    load_before: &str,
) -> anyhow::Result<Value> {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    Ok(json!({
        "offers": settings.offers,
        "seed": settings.seed,
        "seconds_each": settings.budget.as_secs_f64(),
        "cores": std::thread::available_parallelism()?.get(),
        "processor": field("/proc/cpuinfo", "model name"),
        "memory": field("/proc/meminfo", "MemTotal"),
        "load_average_before": load_before,
        "load_average_after": load_average(),
        "postgres": cluster.map(Cluster::version).transpose()?,
    }))
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}
