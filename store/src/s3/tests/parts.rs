use std::fs;

use aws_sdk_s3::operation::copy_object::CopyObjectOutput;
use aws_sdk_s3::operation::delete_object::DeleteObjectOutput;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{CommonPrefix, MetadataDirective, Object as ListedObject};

use super::*;
use crate::{HOLLOW, PartStore};

/// A page of a list of the objects below `bars/` after `bars/a`.
fn page(token: Option<&'static str>, next: Option<&'static str>, keys: &'static [&'static str]) -> Rule {
    mock!(Client::list_objects_v2)
        .match_requests(move |request| {
            request.bucket() == Some("lake")
                && request.prefix() == Some("bars/")
                && request.start_after() == Some("bars/a")
                && request.continuation_token() == token
        })
        .then_output(move || {
            let objects = keys.iter().map(|key| ListedObject::builder().key(*key).size(7).build());
            let objects = Some(objects.collect());
            let page = ListObjectsV2Output::builder()
                .set_contents(objects)
                .set_next_continuation_token(next.map(str::to_owned));
            page.is_truncated(next.is_some()).build()
        })
}

#[tokio::test]
async fn objects_are_listed_page_by_page_and_no_further_than_asked() {
    let first = || page(None, Some("t"), &["bars/b", "bars/c"]);
    let last = || page(Some("t"), None, &["bars/d", "bars/e"]);
    let listed = async |most: usize| {
        let (first, last) = (first(), last());
        let listed = store(&[&first, &last]).list("bars/", "bars/a", most).await.unwrap();
        assert!(listed.iter().all(|object| object.bytes == 7));
        let keys: Vec<_> = listed.into_iter().map(|object| object.key).collect();
        (keys.join(" "), last.num_calls())
    };
    assert_eq!(listed(usize::MAX).await, ("bars/b bars/c bars/d bars/e".to_owned(), 1));
    assert_eq!(listed(3).await, ("bars/b bars/c bars/d".to_owned(), 1));
    assert_eq!(listed(2).await, ("bars/b bars/c".to_owned(), 0));
    assert_eq!(listed(1).await, ("bars/b".to_owned(), 0));
}

#[tokio::test]
async fn folders_are_told_page_by_page() {
    let page = |token: Option<&'static str>, next: Option<&'static str>, folder: &'static str| {
        mock!(Client::list_objects_v2)
            .match_requests(move |request| {
                request.prefix() == Some("bars/")
                    && request.delimiter() == Some("/")
                    && request.continuation_token() == token
            })
            .then_output(move || {
                let page =
                    ListObjectsV2Output::builder().common_prefixes(CommonPrefix::builder().prefix(folder).build());
                let stray = ListedObject::builder().key("bars/stray").build();
                page.contents(stray)
                    .set_next_continuation_token(next.map(str::to_owned))
                    .is_truncated(next.is_some())
                    .build()
            })
    };
    let (first, last) = (page(None, Some("t"), "bars/dt=2026-11-22/"), page(Some("t"), None, "bars/dt=2026-11-23/"));
    let folders = store(&[&first, &last]).folders("bars/").await.unwrap();
    assert_eq!(folders, ["bars/dt=2026-11-22/", "bars/dt=2026-11-23/"]);
}

#[tokio::test]
async fn a_file_is_uploaded_only_where_there_is_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("part");
    fs::write(&file, b"PAR1").unwrap();
    let uploaded = mock!(Client::put_object)
        .match_requests(|request| {
            (request.bucket(), request.key()) == (Some("lake"), Some("k"))
                && request.if_none_match() == Some("*")
                && request.content_type() == Some(PARQUET)
                && request.body().size_hint().1 == Some(4)
        })
        .then_http_response(written);
    assert!(store(&[&uploaded]).upload("k", &file).await.unwrap());
    assert!(!store(&[&refused(412, "PreconditionFailed")]).upload("k", &file).await.unwrap());
    let error = store(&[&refused(403, "AccessDenied")]).upload("k", &file).await.unwrap_err().to_string();
    assert_eq!(error, "cannot write k: AccessDenied: in words");
    let error = store(&[]).upload("k", &folder.path().join("other")).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot write k: "), "{error}");
}

#[tokio::test]
async fn an_object_is_downloaded_into_a_file_if_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("part");
    let missing = mock!(Client::get_object).then_http_response(|| answer(404, "NoSuchKey"));
    assert!(!store(&[&missing]).download("k", &file).await.unwrap());
    assert!(!file.exists());

    let there = mock!(Client::get_object)
        .match_requests(|request| (request.bucket(), request.key()) == (Some("lake"), Some("k")))
        .then_output(|| GetObjectOutput::builder().body(ByteStream::from_static(b"PAR1")).build());
    assert!(store(&[&there]).download("k", &file).await.unwrap());
    assert_eq!(fs::read(&file).unwrap(), b"PAR1");

    let forbidden = mock!(Client::get_object).then_http_response(|| answer(403, "AccessDenied"));
    let error = store(&[&forbidden]).download("k", &file).await.unwrap_err().to_string();
    assert_eq!(error, "cannot read k: AccessDenied: in words");
}

#[tokio::test]
async fn a_hollow_object_is_a_copy_that_says_what_it_is() {
    let copied = mock!(Client::copy_object)
        .match_requests(|request| {
            let metadata = request.metadata().unwrap();
            (request.bucket(), request.key()) == (Some("lake"), Some("bars/k"))
                && request.copy_source() == Some(format!("lake/{HOLLOW}").as_str())
                && request.metadata_directive() == Some(&MetadataDirective::Replace)
                && request.content_type() == Some(PARQUET)
                // Not a fence: its run has landed.
                && metadata.len() == 1 && metadata[KIND] == "compacted"
        })
        .then_output(|| CopyObjectOutput::builder().build());
    store(&[&copied]).hollow("bars/k").await.unwrap();
    let forbidden = mock!(Client::copy_object).then_http_response(|| answer(403, "AccessDenied"));
    let error = store(&[&forbidden]).hollow("bars/k").await.unwrap_err().to_string();
    assert_eq!(error, "cannot write bars/k: AccessDenied: in words");
}

#[tokio::test]
async fn an_object_is_removed_and_a_refusal_names_it() {
    let removed = mock!(Client::delete_object)
        .match_requests(|request| (request.bucket(), request.key()) == (Some("lake"), Some("k")))
        .then_output(|| DeleteObjectOutput::builder().build());
    store(&[&removed]).remove("k").await.unwrap();
    let forbidden = mock!(Client::delete_object).then_http_response(|| answer(403, "AccessDenied"));
    let error = store(&[&forbidden]).remove("k").await.unwrap_err().to_string();
    assert_eq!(error, "cannot remove k: AccessDenied: in words");
    let forbidden = mock!(Client::list_objects_v2).then_http_response(|| answer(403, "AccessDenied"));
    let error = store(&[&forbidden]).list("bars/", "", 1).await.unwrap_err().to_string();
    assert_eq!(error, "cannot list bars/: AccessDenied: in words");
    let forbidden = mock!(Client::list_objects_v2).then_http_response(|| answer(403, "AccessDenied"));
    let error = store(&[&forbidden]).folders("bars/").await.unwrap_err().to_string();
    assert_eq!(error, "cannot list bars/: AccessDenied: in words");
}
