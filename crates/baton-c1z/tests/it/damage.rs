//! Files whose database is damaged inside a sound shell: whatever is read of them, nothing panics.

use baton_c1z::{EntitlementFilter, Error, GrantFilter, Reader, ResourceFilter, envelope};
use proptest::prelude::*;
use std::sync::LazyLock;

use crate::support;

/// The bytes of a sound database.
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (_dir, db, file) = support::temp();
    support::write_org(&db, &file, "s1");
    std::fs::read(db).unwrap()
});

/// Reads all that can be read.
fn read(bytes: &[u8]) -> Result<(), Error> {
    let (_dir, db, file) = support::temp();
    std::fs::write(&db, bytes).unwrap();
    envelope::seal(&db, &file)?;
    let reader = Reader::open(&file)?;
    reader.syncs()?;
    let sync = reader.sync_for_lists()?;
    reader.stats(&sync)?;
    reader.resource_types(&sync)?;
    reader.for_each_resource(&sync, ResourceFilter::default(), |_| Ok::<_, Error>(()))?;
    reader.for_each_entitlement(&sync, EntitlementFilter::default(), |_| Ok::<_, Error>(()))?;
    reader.for_each_grant(&sync, GrantFilter::default(), |_| Ok(()))
}

#[test]
fn the_sound_one_is_read() {
    read(&SOUND).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_flipped_bits_make_it_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..20)) {
        let mut bytes = SOUND.clone();
        for (at, bit) in flips {
            // The first page, where the schema is, gets half of the damage.
            let at = if bit % 2 == 0 { at.index(4096) } else { at.index(bytes.len()) };
            bytes[at] ^= 1 << bit;
        }
        let _ = read(&bytes);
    }

    #[test]
    fn no_cut_makes_it_panic(at in any::<prop::sample::Index>()) {
        let _ = read(&SOUND[..at.index(SOUND.len())]);
    }
}
