//! Reads the tables of the published contract (Markdown, one file a package).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[derive(Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) files: Vec<FileRow>,
    pub(crate) services: Vec<Service>,
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) extensions: Vec<Extension>,
}

pub(crate) struct FileRow {
    pub(crate) path: String,
    pub(crate) syntax: String,
    pub(crate) go_package: String,
    pub(crate) imports: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) rpcs: Vec<RpcRow>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct RpcRow {
    pub(crate) name: String,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) client_streams: bool,
    pub(crate) server_streams: bool,
}

#[derive(Default)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) deprecated: bool,
    pub(crate) fields: Vec<FieldRow>,
    pub(crate) reserved: BTreeSet<String>,
    pub(crate) table: Option<(String, Vec<String>)>,
    pub(crate) indexes: Vec<Index>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct FieldRow {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) json: String,
    pub(crate) kind: String,
    pub(crate) label: &'static str,
    pub(crate) oneof: String,
    pub(crate) deprecated: bool,
    pub(crate) default: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Index {
    pub(crate) field: String,
    pub(crate) name: String,
    pub(crate) composite: Vec<String>,
    pub(crate) partial: String,
}

#[derive(Default)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) values: Vec<EnumRow>,
    pub(crate) reserved: BTreeSet<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct EnumRow {
    pub(crate) name: String,
    pub(crate) number: i32,
}

pub(crate) struct Extension {
    pub(crate) name: String,
    pub(crate) extendee: String,
    pub(crate) number: u32,
    pub(crate) kind: String,
}

/// Every package of the folder.
pub(crate) fn read(folder: &Path) -> Vec<Package> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|e| e == "md") && stem != "README" {
            packages.push(package(stem, &fs::read_to_string(&path).unwrap()));
        }
    }
    assert_eq!(packages.len(), 13, "packages in {}", folder.display());
    packages
}

fn package(name: &str, text: &str) -> Package {
    let mut package = Package { name: name.to_owned(), ..Package::default() };
    for section in text.split("\n## ").skip(1) {
        let rows = || table(section, 0);
        match section.lines().next().unwrap() {
            "Files" => package.files = rows().iter().map(|row| file(row)).collect(),
            "Extensions" => package.extensions = rows().iter().map(|row| extension(row)).collect(),
            "Services" | "Messages and enums" => {
                for part in section.split("\n### ").skip(1) {
                    declaration(&mut package, part);
                }
            }
            other => panic!("section {other} of {name} is not known"),
        }
    }
    package
}

/// One service, message or enum with its heading.
fn declaration(package: &mut Package, part: &str) {
    let (kind, name) = part.lines().next().unwrap().split_once(' ').unwrap();
    let name = plain(name);
    let place = part.lines().find_map(|line| line.strip_prefix("File: ")).unwrap();
    let (file, deprecated) = (quoted(place).remove(0), place.ends_with("deprecated"));
    let rows = table(part, 0);
    match kind {
        "service" => package.services.push(Service { name, file, rpcs: rows.iter().map(|row| rpc(row)).collect() }),
        "enum" => {
            let values = rows.iter().map(|row| EnumRow { name: plain(&row[0]), number: row[1].parse().unwrap() });
            package.enums.push(Enum { name, file, values: values.collect(), reserved: reserved(part) });
        }
        "message" => package.messages.push(Message {
            name,
            file,
            deprecated,
            fields: rows.iter().map(|row| field(row)).collect(),
            reserved: reserved(part),
            table: table_option(part),
            indexes: table(part, 1).iter().map(|row| index(row)).collect(),
        }),
        other => panic!("{other} is not known"),
    }
}

fn file(row: &[String]) -> FileRow {
    FileRow { path: plain(&row[0]), syntax: row[1].clone(), go_package: plain(&row[2]), imports: quoted(&row[3]) }
}

fn extension(row: &[String]) -> Extension {
    Extension { name: plain(&row[0]), extendee: plain(&row[1]), number: row[2].parse().unwrap(), kind: plain(&row[3]) }
}

fn rpc(row: &[String]) -> RpcRow {
    RpcRow {
        name: row[0].clone(),
        request: plain(&row[1]),
        response: plain(&row[2]),
        client_streams: row[3] == "client stream",
        server_streams: row[3] == "server stream",
    }
}

fn field(row: &[String]) -> FieldRow {
    let label = ["singular", "optional", "repeated", "map"].into_iter().find(|known| *known == row[4]).unwrap();
    FieldRow {
        number: row[0].parse().unwrap(),
        name: plain(&row[1]),
        json: plain(&row[2]),
        kind: plain(&row[3]),
        label,
        oneof: plain(&row[5]),
        deprecated: row[6] == "yes",
        default: row[7].strip_prefix("default ").map(str::to_owned),
    }
}

fn index(row: &[String]) -> Index {
    assert!(row[2].is_empty());
    Index { field: plain(&row[0]), name: plain(&row[1]), composite: quoted(&row[3]), partial: plain(&row[4]) }
}

fn reserved(part: &str) -> BTreeSet<String> {
    let line = part.lines().find_map(|line| line.strip_prefix("Reserved: "));
    line.into_iter().flat_map(|line| line.split(", ")).map(plain).collect()
}

fn table_option(part: &str) -> Option<(String, Vec<String>)> {
    let line = part.lines().find_map(|line| line.strip_prefix("Table option: "))?;
    let mut names = quoted(line);
    Some((names.remove(0), names))
}

/// The rows of the n-th table of a text, without its heading.
fn table(text: &str, n: usize) -> Vec<Vec<String>> {
    let mut tables: Vec<Vec<Vec<String>>> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let is_row = line.starts_with('|');
        if is_row && !inside {
            tables.push(Vec::new());
        }
        inside = is_row;
        if is_row {
            tables.last_mut().unwrap().push(cells(line));
        }
    }
    tables.into_iter().nth(n).map(|rows| rows.into_iter().skip(2).collect()).unwrap_or_default()
}

fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "\u{1}");
    let inner = line.trim_matches('|');
    inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// What stands in back quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn plain(cell: &str) -> String {
    cell.trim().trim_matches('`').to_owned()
}
