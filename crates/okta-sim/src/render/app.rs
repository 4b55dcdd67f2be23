//! Apps.

use super::json::Hosts;
use crate::org::Org;
use crate::org::document::Document;
use crate::org::objects;
use crate::org::sketch::AppSketch;

/// Appends an app.
pub(crate) fn app(org: &Org, n: u32, hosts: &Hosts, out: &mut String) {
    match org.apps.document(n) {
        Some(document) => document.render(hosts, out),
        None => {
            let app = AppSketch::of(org.seed, n);
            let label = app.label(n);
            Document::of(&objects::app(&org.apps.id(n), app.name, &label, app.status, Some(app.mode)))
                .render(hosts, out);
        }
    }
}
