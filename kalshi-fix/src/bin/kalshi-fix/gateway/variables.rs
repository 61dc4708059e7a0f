//! The variables by which programs of one's own come to the exchange: those that a client's configuration reads.

use std::fmt::Write as _;
use std::path::Path;

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Gateway;

use super::files::{self, MemberKeys};
use super::sessions;
use crate::place::credentials::{prefix, short};
use crate::shell::quoted;

/// What a shell reads to be that member: `. venue/member-1.env`. `directory` is absolute.
pub(super) fn script(directory: &Path, gateway: &Gateway, member: &MemberKeys) -> String {
    let mut text = format!(
        "# Member {} of the simulated exchange, while it runs. To be read by a shell:\n\
         #   . {}\n\
         # Clients of a configuration that reads the environment then go there.\n",
        member.number,
        quoted(&files::variables_name(member.number)),
    );
    let mut export = |name: &str, value: &str| {
        let _ = writeln!(text, "export {name}={}", quoted(value));
    };
    let at = |name: &str| directory.join(name).display().to_string();
    for product in [Product::Prediction, Product::Margin] {
        let prefix = prefix(product);
        export(&format!("{prefix}FIX_ENVIRONMENT"), "loopback");
        export(&format!("{prefix}FIX_TLS_ROOTS"), &at(files::ROOT));
    }
    for (product, kind) in sessions() {
        if let Some(address) = gateway.address(product, kind) {
            let name = format!("{}FIX_PORTS_{}", prefix(product), short(kind));
            export(&name, &address.port().to_string());
        }
    }
    for (product, kind, id) in &member.ids {
        let key = |name: &str| own(*product, *kind, name);
        export(&key("KEY_ID"), id);
        export(&key("PRIVATE_KEY_PATH"), &at(&files::key_name(member.number)));
    }
    text
}

fn own(product: Product, kind: SessionKind, name: &str) -> String {
    format!("{}{}_{name}", prefix(product), short(kind))
}
