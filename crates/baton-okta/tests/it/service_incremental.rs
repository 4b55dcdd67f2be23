//! Syncs that C1 asks for again and again: what is kept between them, and what it is good for.

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use c1_sim::{Finish, tasks};
use okta_sim::{Org, Shape, SimConfig};
use serde_json::Value;

use crate::serving::{Service, Stage};

/// Longer than Okta's lists may trail behind a change.
const SETTLED: Duration = Duration::from_mins(10);

/// What every sync reads: the org, a page each of users, groups, apps, admins and the log, and the members of a group that
/// Okta refuses.
const LISTS: u64 = 7;

/// A C1, an org with more in it, and the binary between them, which comes and goes.
struct Repeated {
    stage: Stage,
    service: Option<Service>,
}

impl Deref for Repeated {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl Repeated {
    fn new() -> Self {
        let org = Org::generate(&Shape { awkward: false, ..Shape::new(60, 12, 6).seed(3) });
        let mut repeated = Self { stage: Stage::with(SimConfig::new(org)), service: None };
        repeated.start(&[]);
        repeated
    }

    fn start(&mut self, arguments: &[&str]) {
        self.service = Some(self.stage.start(arguments));
    }

    fn stop(&mut self) {
        assert_eq!(self.service.take().unwrap().stop().code, 0);
    }

    /// Lets C1 ask for a sync; gives the outcome, what was uploaded, and how many requests Okta got.
    fn sync(&self) -> (Finish, Option<Vec<u8>>, u64) {
        let before = self.lab.sim().stats().requests;
        let id = self.c1.hand_out(tasks::sync());
        let finish = self.runtime.block_on(self.c1.finished(&id));
        let uploaded = self.c1.look(|received| received.uploads.get(&id).and_then(|files| files.first().cloned()));
        (finish, uploaded, self.lab.sim().stats().requests - before)
    }

    /// Syncs, compares the upload with a sync of everything from the command line, and gives the requests it took.
    fn checked(&self) -> u64 {
        let (finish, uploaded, calls) = self.sync();
        assert!(finish.is_success(), "{finish:?}");
        fs::write(self.lab.path("uploaded.c1z"), uploaded.unwrap()).unwrap();
        let outcome = self.lab.run(&["--incremental=false"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(self.objects("uploaded.c1z"), self.objects("sync.c1z"));
        let syncs = baton_c1z::Reader::open(&self.lab.path("uploaded.c1z")).unwrap().syncs().unwrap();
        assert_eq!(syncs.len(), 1, "the last one is not delivered again");
        fs::remove_file(self.lab.path("sync.c1z")).unwrap();
        calls
    }

    /// The objects of a file, in an order of their own.
    fn objects(&self, file: &str) -> Vec<String> {
        let lists = self.lab.contents(file);
        let entries =
            lists.iter().filter_map(Value::as_object).flat_map(|lists| lists.values()).filter_map(Value::as_array);
        let mut objects: Vec<String> = entries.flatten().map(ToString::to_string).collect();
        assert!(objects.len() > 100);
        objects.sort();
        objects
    }

    /// A file in the folder of the syncs.
    fn kept(&self, name: &str) -> PathBuf {
        let inside = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let roots = inside(self.lab.path("work")).filter(|path| path.is_dir());
        let folders: Vec<_> = roots.flat_map(inside).filter(|path| path.is_dir()).collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders[0].join(name)
    }
}

impl Drop for Repeated {
    fn drop(&mut self) {
        if let Some(service) = self.service.take() {
            service.kill();
        }
    }
}

#[test]
fn later_syncs_take_over_and_deliver_everything() {
    let mut stage = Repeated::new();
    let cold = stage.checked();
    assert!(cold > 3 * LISTS, "{cold}");
    assert_eq!(stage.checked(), LISTS);
    // One change, one more list; also for the next process.
    stage.lab.sim().change_org(|org| {
        let group = org.group_ids().nth(3).unwrap();
        let user = org.add_user("New", "Comer", "new@acme.example", "STAGED");
        org.add_member(&group, &user).unwrap();
    });
    stage.lab.sim().advance_clock(SETTLED);
    stage.stop();
    stage.start(&[]);
    let calls = stage.checked();
    assert!(calls > LISTS && calls < cold / 2, "{calls} of {cold}");
    stage.stop();
    stage.start(&["--full"]);
    assert!(stage.checked() > cold - 3);
}

#[test]
fn what_is_kept_may_be_damaged_or_lost() {
    let stage = Repeated::new();
    let cold = stage.checked();
    assert_eq!(stage.checked(), LISTS);
    for name in ["last.c1z", "sync.c1z.work/last.db"] {
        fs::write(stage.kept(name), "garbage").unwrap();
        assert_eq!(stage.checked(), cold, "{name} is damaged");
        assert_eq!(stage.checked(), LISTS);
        fs::remove_file(stage.kept(name)).unwrap();
        assert_eq!(stage.checked(), cold, "{name} is lost");
    }
}

#[test]
fn a_sync_that_lost_much_against_the_last_one_is_not_delivered() {
    let mut stage = Repeated::new();
    stage.checked();
    stage.lab.sim().change_org(|org| {
        let users: Vec<_> = org.user_ids().take(30).collect();
        users.iter().for_each(|user| org.remove_user(user).unwrap());
    });
    stage.lab.sim().advance_clock(SETTLED);
    for _ in 0..2 {
        let (finish, uploaded, _) = stage.sync();
        assert_eq!((finish.code(), finish.is_final_failure()), (9, true), "{finish:?}");
        assert!(
            finish.message().contains("found 30 resources of the type user where the last one had 60"),
            "{finish:?}"
        );
        assert!(finish.message().contains("no new file is made") && finish.message().contains("--allow-shrink"));
        assert_eq!(uploaded, None);
    }
    stage.stop();
    stage.start(&["--allow-shrink"]);
    stage.checked();
    stage.stop();
    stage.start(&[]);
    assert!(stage.checked() <= LISTS);
}
