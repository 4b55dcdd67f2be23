//! A file as the messages of an upload: who it is for, the chunks, and the checksum of all of it
//! (`docs/spec/connector-runtime.md` 2.10).

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use baton_proto::c1::connectorapi::baton::v1::BatonServiceUploadAssetRequest;
use baton_proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::{
    Msg, UploadData, UploadEof, UploadMetadata,
};
use futures::stream::{self, Stream};

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
    /// The checksum of what was sent, and how much that is.
    Data(Context, u64),
    Nothing,
}

/// The messages of an upload of all of `file`. If it cannot be read to its end they end without checksum, which no
/// server takes for a file; [`Progress::failure`] then says why.
///
/// It is read by position: other tries and the writer have the same file open.
pub(super) fn messages(
    file: Arc<File>,
    metadata: UploadMetadata,
    progress: Progress,
) -> impl Stream<Item = BatonServiceUploadAssetRequest> + Send + 'static {
    let start = (file, Next::Metadata(metadata), progress);
    stream::unfold(start, |(file, next, progress)| async move {
        let (msg, next) = match next {
            Next::Metadata(metadata) => (Msg::Metadata(metadata), Next::Data(Context::new(&SHA256), 0)),
            Next::Data(mut digest, sent) => match chunk(&file, sent).await {
                Ok(data) if data.is_empty() => {
                    let sha256_checksum = digest.finish().as_ref().to_vec();
                    (Msg::Eof(UploadEof { sha256_checksum, annotations: Vec::new() }), Next::Nothing)
                }
                Ok(data) => {
                    digest.update(&data);
                    let sent = sent + data.len() as u64;
                    (Msg::Data(UploadData { data }), Next::Data(digest, sent))
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
    })
}

/// The chunk at `position`, shorter than the others only at the end of the file, and empty behind it.
async fn chunk(file: &Arc<File>, position: u64) -> io::Result<Vec<u8>> {
    let file = Arc::clone(file);
    let read = move || {
        let mut data = vec![0; CHUNK];
        let mut filled = 0;
        while filled < CHUNK {
            match read_at(&file, &mut data[filled..], position + filled as u64) {
                Ok(0) => break,
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        data.truncate(filled);
        Ok(data)
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
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
        let file = Arc::new(File::open(&path).unwrap());
        let all: Vec<_> = messages(file, UploadMetadata::default(), progress.clone()).collect().await;
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
        // A folder can be opened like a file, and not be read.
        let file = Arc::new(File::open(folder.path()).unwrap());
        let all = messages(file, UploadMetadata::default(), progress.clone());
        assert_eq!(all.collect::<Vec<_>>().await.len(), 1);
        assert!(progress.failure().is_some());
    }
}
