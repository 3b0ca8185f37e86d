//! What stands in a path: resource types, ids, versions.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use shared::fhir::{ResourceType, is_valid_id};

use super::error::ApiError;

/// `[type]`, one of ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TypePath(pub(crate) ResourceType);

/// `[type]/[id]`.
#[derive(Debug, Clone)]
pub(crate) struct InstancePath {
    pub(crate) resource_type: ResourceType,
    pub(crate) id: String,
}

/// `[type]/[id]/_history/[version]`.
#[derive(Debug, Clone)]
pub(crate) struct VersionPath {
    pub(crate) instance: InstancePath,
    pub(crate) version: u64,
}

/// `[type]`, one of ours, or a path without a type; no operation of another name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnyType;

async fn segments<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
) -> Result<HashMap<String, String>, ApiError> {
    // Refused for segments that are not UTF-8 once decoded: no path of ours looks like that.
    let path: Path<HashMap<String, String>> =
        Path::from_request_parts(parts, state).await.map_err(|_| ApiError::UnknownPath)?;
    Ok(path.0)
}

fn resource_type(segments: &mut HashMap<String, String>) -> Result<ResourceType, ApiError> {
    let name = segments.remove("type").unwrap_or_default();
    if let Some(code) = name.strip_prefix('$') {
        return Err(ApiError::UnknownOperation(code.to_owned()));
    }
    name.parse().map_err(|_| ApiError::UnknownType(name))
}

fn instance(segments: &mut HashMap<String, String>) -> Result<InstancePath, ApiError> {
    let resource_type = resource_type(segments)?;
    let id = segments.remove("id").unwrap_or_default();
    if let Some(code) = id.strip_prefix('$') {
        Err(ApiError::UnknownOperation(code.to_owned()))
    } else if is_valid_id(&id) {
        Ok(InstancePath { resource_type, id })
    } else {
        Err(ApiError::Absent(resource_type, id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TypePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        resource_type(&mut segments(parts, state).await?).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for InstancePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        instance(&mut segments(parts, state).await?)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for VersionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let mut segments = segments(parts, state).await?;
        let instance = instance(&mut segments)?;
        let version = segments.remove("version").unwrap_or_default();
        if let Ok(version) = version.parse() {
            return Ok(Self { instance, version });
        }
        let InstancePath { resource_type, id } = instance;
        Err(ApiError::AbsentVersion(resource_type, id, version))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AnyType {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let mut segments = segments(parts, state).await?;
        if let Some(code) = segments.get("id").and_then(|id| id.strip_prefix('$')) {
            return Err(ApiError::UnknownOperation(code.to_owned()));
        }
        if segments.contains_key("type") {
            resource_type(&mut segments)?;
        }
        Ok(Self)
    }
}
