//! A file as the messages of an upload: who it is for, the chunks, and the checksum of all of it
//! (`docs/spec/connector-runtime.md` 2.10).

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use baton_proto::c1::connectorapi::baton::v1::BatonServiceUploadAssetRequest;
use baton_proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::{
    Msg, UploadData, UploadEof, UploadMetadata,
};
use futures::stream::{self, Stream};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

/// The size of all chunks but the last, in bytes.
const CHUNK: usize = 512 << 10;

/// How far an upload is, for whoever watches it.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    messages: Arc<AtomicU64>,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Progress {
    /// Messages that were taken so far.
    pub(super) fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Why the file could not be read to its end.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What comes next.
enum Next {
    Metadata(UploadMetadata),
    Data(Context),
    Nothing,
}

/// The messages of an upload of `path`. If the file cannot be read to its end they end without checksum, which no
/// server takes for a file; [`Progress::failure`] then says why.
pub(super) async fn messages(
    path: &Path,
    metadata: UploadMetadata,
    progress: Progress,
) -> io::Result<impl Stream<Item = BatonServiceUploadAssetRequest> + Send + 'static> {
    let file = File::open(path).await?;
    let start = (file, Next::Metadata(metadata), progress);
    Ok(stream::unfold(start, |(mut file, next, progress)| async move {
        let (msg, next) = match next {
            Next::Metadata(metadata) => (Msg::Metadata(metadata), Next::Data(Context::new(&SHA256))),
            Next::Data(mut digest) => match chunk(&mut file).await {
                Ok(data) if data.is_empty() => {
                    let sha256_checksum = digest.finish().as_ref().to_vec();
                    (Msg::Eof(UploadEof { sha256_checksum, annotations: Vec::new() }), Next::Nothing)
                }
                Ok(data) => {
                    digest.update(&data);
                    (Msg::Data(UploadData { data }), Next::Data(digest))
                }
                Err(error) => {
                    *progress.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return None;
                }
            },
            Next::Nothing => return None,
        };
        progress.messages.fetch_add(1, Ordering::Relaxed);
        Some((BatonServiceUploadAssetRequest { msg: Some(msg) }, (file, next, progress)))
    }))
}

/// The next chunk, shorter than the others only at the end of the file, and empty behind it.
async fn chunk(file: &mut File) -> io::Result<Vec<u8>> {
    let mut data = Vec::with_capacity(CHUNK);
    let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut data).await?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::StreamExt as _;

    use super::*;

    async fn sizes(length: usize) -> (Vec<usize>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7_u8; length]).unwrap();
        let progress = Progress::default();
        let all: Vec<_> = messages(&path, UploadMetadata::default(), progress.clone()).await.unwrap().collect().await;
        assert_eq!(progress.messages(), all.len() as u64);
        assert!(matches!(all[0].msg, Some(Msg::Metadata(_))));
        let Some(Msg::Eof(eof)) = &all[all.len() - 1].msg else { panic!("{all:?}") };
        let sizes = all[1..all.len() - 1].iter().map(|message| match &message.msg {
            Some(Msg::Data(chunk)) => chunk.data.len(),
            other => panic!("{other:?}"),
        });
        (sizes.collect(), eof.sha256_checksum.clone())
    }

    #[tokio::test]
    async fn chunks_have_the_size_that_c1_knows() {
        assert_eq!(sizes(0).await.0, [0; 0]);
        assert_eq!(sizes(1).await.0, [1]);
        assert_eq!(sizes(CHUNK).await.0, [CHUNK]);
        let (chunks, checksum) = sizes(2 * CHUNK + 3).await;
        assert_eq!(chunks, [CHUNK, CHUNK, 3]);
        let whole = aws_lc_rs::digest::digest(&SHA256, &vec![7_u8; 2 * CHUNK + 3]);
        assert_eq!(checksum, whole.as_ref());
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_has_no_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let progress = Progress::default();
        assert!(messages(&folder.path().join("none"), UploadMetadata::default(), progress.clone()).await.is_err());
        // A folder can be opened like a file, and not be read.
        let all = messages(folder.path(), UploadMetadata::default(), progress.clone()).await.unwrap();
        assert_eq!(all.collect::<Vec<_>>().await.len(), 1);
        assert!(progress.failure().is_some());
    }
}
