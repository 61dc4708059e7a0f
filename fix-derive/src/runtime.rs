//! Where the generated code finds the runtime, where the attribute does not say.

use syn::Path;

/// Each derive is there twice: a crate that depends on `kalshi-fix` alone does not have `fix_dialect`, and the derive cannot
/// see which crates there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    /// `::fix_dialect`, for the derives under their own names.
    FixDialect,
    /// `::kalshi_fix::dialect`, for those that `kalshi-fix` has.
    KalshiFix,
}

impl Runtime {
    pub(crate) fn path(self) -> Path {
        match self {
            Runtime::FixDialect => syn::parse_quote!(::fix_dialect),
            Runtime::KalshiFix => syn::parse_quote!(::kalshi_fix::dialect),
        }
    }
}
