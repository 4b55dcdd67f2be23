//! The summary as a screen.

use baton_connector::QueueTraffic;
use baton_sync::{GapCount, KindReading, Reading, Summary};

use crate::table::Table;
use crate::words;

/// The screen: counts, requests, gaps.
pub(crate) fn text(summary: &Summary) -> String {
    [headline(summary).as_str(), "\n\n", &types(summary), "\n", &requests(&summary.traffic), "\n", &gaps(&summary.gaps)]
        .concat()
}

fn headline(summary: &Summary) -> String {
    let mut text = format!(
        "Synced into {} in {} ({})",
        summary.file.display(),
        words::duration(summary.elapsed),
        words::bytes(summary.file_bytes)
    );
    if summary.resumed {
        text.push_str(&format!(
            "\nCarried on where an interrupted run ended: {} had been fetched before",
            words::count(summary.pages_from_before, "page")
        ));
    }
    if let Some(reading) = &summary.reading {
        text.push_str(&taken_over(reading));
    }
    text.push_str(match summary.sync_type {
        "partial" => {
            "\nOnly the resources that were asked for, with what belongs to them; the last full sync stays in the file"
        }
        "resources_only" => "\nResources only, as asked for: no entitlements and no grants",
        _ => "",
    });
    text
}

/// What was not read again, or why everything was. What is counted are lists: the members of one group are one.
fn taken_over(reading: &Reading) -> String {
    let notes: String = reading.notes.iter().map(|note| format!("\nNote: {}", terminal_text::line(note))).collect();
    if reading.since.is_empty() {
        let why = &reading.why_full;
        let why = terminal_text::line(why);
        return if why.is_empty() { String::new() } else { format!("\nRead everything: {why}") };
    }
    let kinds = |count: fn(&KindReading) -> u64| {
        let kinds = reading.kinds.iter().filter(|kind| count(kind) > 0);
        let kinds: Vec<_> = kinds.map(|kind| format!("{} {}", kind.label, words::number(count(kind)))).collect();
        if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") }
    };
    let (taken, read) = (kinds(|kind| kind.reused), kinds(|kind| kind.read));
    let mended = match reading.kinds.iter().any(|kind| kind.patched > 0) {
        true => format!("\nLists taken over but for what changed: {}", kinds(|kind| kind.patched)),
        false => String::new(),
    };
    format!("\nLists taken over from the last sync: {taken}{mended}\nLists read again: {read}{notes}")
}

fn types(summary: &Summary) -> String {
    let mut table = Table::of_numbers(&["", "Resources", "Entitlements", "Grants"]);
    for count in &summary.types {
        let name = if count.display_name.is_empty() { &count.id } else { &count.display_name };
        let counts = [count.resources, count.entitlements, count.grants].map(words::number);
        table.row(name, &if count.read { counts } else { ["not read".to_owned(), String::new(), String::new()] });
    }
    let sum = |part: fn(&baton_sync::TypeCount) -> u64| words::number(summary.types.iter().map(part).sum());
    table.row("Total", &[sum(|count| count.resources), sum(|count| count.entitlements), sum(|count| count.grants)]);
    table.to_string()
}

fn requests(traffic: &[QueueTraffic]) -> String {
    let used: Vec<_> = traffic.iter().filter(|lane| lane.calls > 0).collect();
    if used.is_empty() {
        return "No requests were needed.\n".to_owned();
    }
    let mut table = Table::of_numbers(&["Requests", "Sent", "Repeated", "Refused (429)"]);
    for lane in &used {
        table.row(&lane.queue, &[lane.calls, lane.retries, lane.throttled].map(words::number));
    }
    if used.len() > 1 {
        let sum = |part: fn(&QueueTraffic) -> u64| words::number(used.iter().map(|lane| part(lane)).sum());
        let counts = [sum(|lane| lane.calls), sum(|lane| lane.retries), sum(|lane| lane.throttled)];
        table.row("Total", &counts);
    }
    table.to_string()
}

fn gaps(gaps: &[GapCount]) -> String {
    let (kept, skipped): (Vec<&GapCount>, Vec<&GapCount>) = gaps.iter().partition(|gap| gap.kind.is_kept());
    let mut text = match skipped.is_empty() {
        true => "Nothing was skipped.\n".to_owned(),
        false => section("Skipped, and why", &skipped),
    };
    if !kept.is_empty() {
        text.push('\n');
        text.push_str(&section("Kept, although it refers to something that is not in the file", &kept));
    }
    text
}

fn section(title: &str, gaps: &[&GapCount]) -> String {
    let mut text = format!("{title}\n");
    for gap in gaps {
        let (resource_type, count) = (terminal_text::line(&gap.resource_type), words::number(gap.count));
        text.push_str(&match gap.kind {
            _ if gap.is_whole_type() => format!("  {resource_type}: not read, and not in the file\n"),
            kind if kind.is_kept() => format!("  {resource_type}: {count}\n"),
            kind => format!("  {resource_type}, {}: {count}\n", kind.as_str()),
        });
        for (id, message) in &gap.examples {
            let id = if message.contains(id.as_str()) { String::new() } else { format!("{id}: ") };
            text.push_str(&words::wrapped(&format!("{id}{message}"), "    "));
        }
        let more = gap.count.saturating_sub(gap.examples.len() as u64);
        if more > 0 && !gap.examples.is_empty() {
            text.push_str(&format!("    and {} more\n", words::number(more)));
        }
    }
    text
}

/// Commands to try on the file; `program` is the command that runs this program.
pub(crate) fn next_commands(summary: &Summary, program: &str) -> String {
    let program = quoted(program);
    let file = summary.file.to_string_lossy();
    let file = if file == "sync.c1z" { String::new() } else { format!(" -f {}", quoted(&file)) };
    let last = summary.types.iter().rfind(|count| count.grants > 0);
    let kind = last.map(|count| format!(" -t {}", count.id)).unwrap_or_default();
    format!(
        "Look into it\n  {program} stats{file}\n  {program} resources{file}{kind}\n  {program} grants{file}{kind} -o json\n"
    )
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|letter| letter.is_alphanumeric() || "/._-+:@%\\".contains(letter));
    if plain && !path.is_empty() { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::sample;

    #[test]
    fn the_screen() {
        let summary = sample::summary();
        let text = format!("{}\n{}", text(&summary), next_commands(&summary, "baton-x"));
        let wanted = "\
Synced into sync.c1z in 3.2 s (34.0 KiB)
Carried on where an interrupted run ended: 4 pages had been fetched before
Lists taken over from the last sync: group members 1,996, app users 198
Lists taken over but for what changed: app users 2
Lists read again: group members 3, roles of users 1

          Resources  Entitlements  Grants
  User        1,200             0       0
  Group          60            60   4,021
  Device   not read
  Total       1,260            60   4,021

  Requests  Sent  Repeated  Refused (429)
  users        7         1              1

Skipped, and why
  group, gone: 3
    00g1: it was deleted while its members were read
    and 2 more
  device: not read, and not in the file
    the token may not read devices

Kept, although it refers to something that is not in the file
  user: 1
    00u9: grants of app:0oa1:access to it are kept, although it is not in this sync

Look into it
  baton-x stats
  baton-x resources -t group
  baton-x grants -t group -o json
";
        assert_eq!(text, wanted);
    }

    #[test]
    fn less_than_everything_is_said_at_once() {
        let said = |sync_type| headline(&baton_sync::Summary { sync_type, ..sample::summary() });
        assert!(said("partial").ends_with("the last full sync stays in the file"));
        assert!(said("resources_only").ends_with("no entitlements and no grants"));
        assert!(said("full").ends_with("roles of users 1"));
    }

    #[test]
    fn reading_everything_has_a_reason() {
        let said = |why: &str, since: &str| {
            let reading = Reading { why_full: why.to_owned(), since: since.to_owned(), ..Reading::default() };
            headline(&Summary { reading: Some(reading), resumed: false, ..sample::summary() })
        };
        assert!(said("it was asked for", "").ends_with("\nRead everything: it was asked for"));
        assert!(!said("", "").contains('\n'), "the first sync is nothing special");
        assert!(said("", "x").ends_with("last sync: none\nLists read again: none"));
        let notes = vec!["roles are read in full".to_owned()];
        let reading = Reading { since: "x".to_owned(), notes, ..Reading::default() };
        let said = headline(&Summary { reading: Some(reading), ..sample::summary() });
        assert!(said.ends_with("\nNote: roles are read in full"), "{said}");
    }

    #[test]
    fn what_is_kept_was_not_skipped() {
        let (kept, skipped): (Vec<_>, Vec<_>) = sample::summary().gaps.into_iter().partition(|gap| gap.kind.is_kept());
        let kept = gaps(&kept);
        assert!(kept.starts_with("Nothing was skipped.\n\nKept, although"), "{kept}");
        let skipped = gaps(&skipped);
        assert!(skipped.starts_with("Skipped, and why\n") && !skipped.contains("Kept"), "{skipped}");
        assert_eq!(gaps(&[]), "Nothing was skipped.\n");
    }

    #[test]
    fn paths_are_quoted_when_a_shell_needs_it() {
        assert_eq!(quoted("/tmp/a-b.c1z"), "/tmp/a-b.c1z");
        assert_eq!(quoted("my file's"), "'my file'\\''s'");
    }
}
