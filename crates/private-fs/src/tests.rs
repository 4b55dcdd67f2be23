#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// A user that is nobody's, for folders and files of somebody else.
const SOMEBODY: u32 = 65_534;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn refused<T: std::fmt::Debug>(result: io::Result<T>) -> Refusal {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    Refusal::of(&error).expect("a refusal")
}

/// Gives `path` to somebody else. Only root can; other users check against something that belongs to root, which is
/// `instead`.
fn somebody_elses(path: PathBuf, instead: &str) -> (PathBuf, u32) {
    match chown(&path, Some(SOMEBODY), None) {
        Ok(()) => (path, SOMEBODY),
        Err(_) => (instead.into(), 0),
    }
}

/// Fails if `what` waits for something that never comes.
fn at_once<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || done.send(what()));
    waiting.recv_timeout(Duration::from_secs(60)).expect("it hangs")
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn folders_are_made_private_and_stay_it() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("work");
    private_folder(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    // One of an earlier version, or of an operator.
    set_mode(&folder, 0o755);
    private_folder(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(private_folder(&temp.path().join("no/such")).unwrap_err().kind(), io::ErrorKind::NotFound);
    let temporary = temp_folder("c1z-", temp.path()).unwrap();
    assert_eq!(mode(temporary.path()), 0o700);
}

#[test]
fn folders_that_others_can_reach_into_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    for bits in [0o770, 0o707, 0o1777, 0o720] {
        let folder = temp.path().join(format!("{bits:o}"));
        fs::create_dir(&folder).unwrap();
        set_mode(&folder, bits);
        assert_eq!(refused(private_folder(&folder)), Refusal::OthersWrite { mode: bits });
        assert_eq!(mode(&folder), bits, "it is left as it was");
    }
    let own = temp.path().join("own");
    fs::create_dir(&own).unwrap();
    let link = temp.path().join("link");
    symlink(&own, &link).unwrap();
    set_mode(&own, 0o755);
    assert_eq!(refused(private_folder(&link)), Refusal::Link);
    assert_eq!(mode(&own), 0o755);
    let file = temp.path().join("file");
    File::create(&file).unwrap();
    assert_eq!(refused(private_folder(&file)), Refusal::NotAFolder);
    let (folder, uid) = somebody_elses(own, "/");
    let refusal = refused(private_folder(&folder));
    assert_eq!(refusal, Refusal::ForeignOwner { uid });
    assert!(refusal.to_string().starts_with(&format!("it belongs to another user (uid {uid})")), "{refusal}");
}

#[test]
fn what_is_in_a_folder_is_looked_at() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("work");
    private_folder(&folder).unwrap();
    let plan = folder.join("plan.db");
    fs::write(&plan, "progress").unwrap();
    set_mode(&plan, 0o644);
    fs::create_dir(folder.join("below")).unwrap();
    check_entries(&folder).unwrap();
    assert_eq!(mode(&plan), 0o600);
    assert_eq!(fs::read_to_string(&plan).unwrap(), "progress");

    let entry = |make: &dyn Fn(&Path)| {
        let path = folder.join("entry");
        make(&path);
        let (at, error) = check_entries(&folder).unwrap_err();
        assert_eq!(at, path);
        fs::remove_file(&path).unwrap();
        refused(Err::<(), _>(error))
    };
    assert_eq!(entry(&|path| symlink("/etc/passwd", path).unwrap()), Refusal::Link);
    assert_eq!(entry(&|path| fifo(path)), Refusal::NotAFile);
    let shared = |path: &Path| {
        File::create(path).unwrap();
        set_mode(path, 0o660);
    };
    assert_eq!(entry(&shared), Refusal::OthersWrite { mode: 0o660 });
    check_entries(&folder).unwrap();
}

#[test]
fn a_new_file_takes_the_place_of_a_link_and_not_of_what_it_leads_to() {
    let temp = tempfile::tempdir().unwrap();
    let (victim, place) = (temp.path().join("victim"), temp.path().join("place"));
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, &place).unwrap();
    create(&place).unwrap().write_all(b"new").unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!((fs::read_to_string(&place).unwrap().as_str(), mode(&place)), ("new", 0o600));
    assert_eq!(create(&place).unwrap().metadata().unwrap().len(), 0);
}

#[test]
fn files_that_are_opened_keep_content_and_mode() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("log");
    open(&path).unwrap().write_all(b"one,").unwrap();
    assert_eq!(mode(&path), 0o600);
    set_mode(&path, 0o640);
    open(&path).unwrap().write_all(b"two").unwrap();
    let mut text = String::new();
    read(&path).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), mode(&path)), ("one,two", 0o640));
    assert_eq!(read(&temp.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn nothing_is_opened_that_may_be_somebody_elses() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("file");
    let both = |path: &Path| {
        let path = path.to_owned();
        let refusal = at_once({
            let path = path.clone();
            move || refused(open(&path))
        });
        assert_eq!(at_once(move || refused(read(&path))), refusal);
        refusal
    };
    fs::write(&path, "ours").unwrap();
    let link = temp.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(both(&link), Refusal::Link);
    symlink(temp.path().join("nowhere"), temp.path().join("dangling")).unwrap();
    assert_eq!(both(&temp.path().join("dangling")), Refusal::Link);
    assert!(!temp.path().join("nowhere").exists());
    let pipe = temp.path().join("pipe");
    fifo(&pipe);
    assert_eq!(both(&pipe), Refusal::NotAFile);
    assert_eq!(both(Path::new("/dev/null")), Refusal::NotAFile);
    assert_eq!(both(temp.path()), Refusal::NotAFile);
    set_mode(&path, 0o666);
    assert_eq!(both(&path), Refusal::OthersWrite { mode: 0o666 });
    set_mode(&path, 0o644);
    let (path, uid) = somebody_elses(path, "/etc/passwd");
    assert_eq!(both(&path), Refusal::ForeignOwner { uid });
}

#[test]
fn links_of_strangers_are_not_followed() {
    let temp = tempfile::tempdir().unwrap();
    let (one, two) = (temp.path().join("one"), temp.path().join("two"));
    symlink("two", &one).unwrap();
    symlink(temp.path().join("end"), &two).unwrap();
    assert_eq!(follow(&one).unwrap(), temp.path().join("end"));
    assert_eq!(follow(Path::new("plain.c1z")).unwrap(), Path::new("plain.c1z"));
    symlink("round", temp.path().join("round")).unwrap();
    assert!(follow(&temp.path().join("round")).unwrap_err().to_string().contains("too many symbolic links"));
    // Only root can make a link of somebody else.
    if std::os::unix::fs::lchown(&two, Some(SOMEBODY), None).is_ok() {
        assert_eq!(refused(follow(&one)), Refusal::ForeignLink { uid: SOMEBODY });
        chown(temp.path(), Some(SOMEBODY), None).unwrap();
        assert_eq!(follow(&one).unwrap(), temp.path().join("end"), "whose folder it is decides what stands there");
    } else {
        assert_eq!(follow(Path::new("/proc/self/exe")).unwrap(), std::env::current_exe().unwrap());
    }
}

#[test]
fn a_replacement_keeps_mode_and_group() {
    let temp = tempfile::tempdir().unwrap();
    let (old, new) = (temp.path().join("old"), temp.path().join("new"));
    assert!(Kept::of(&old).unwrap().is_none());
    fs::write(&old, "old").unwrap();
    set_mode(&old, 0o4640);
    let file = create(&new).unwrap();
    Kept::of(&old).unwrap().unwrap().give(&file).unwrap();
    assert_eq!(mode(&new), 0o640, "permissions, and nothing else");
    if chown(&old, None, Some(SOMEBODY)).is_ok() {
        Kept::of(&old).unwrap().unwrap().give(&file).unwrap();
        assert_eq!((mode(&new), file.metadata().unwrap().gid()), (0o640, SOMEBODY));
    }
    assert_eq!(Kept::of(temp.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    assert_eq!(refused(Kept::of(Path::new("/dev/null"))), Refusal::NotAFile);
    // Only root can give a file away; what belongs to root may always be replaced.
    match chown(&old, Some(SOMEBODY), None) {
        Ok(()) => assert_eq!(refused(Kept::of(&old)), Refusal::ForeignOwner { uid: SOMEBODY }),
        Err(_) => assert!(Kept::of(Path::new("/etc/passwd")).unwrap().is_some()),
    }
}
