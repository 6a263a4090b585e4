//! What libFuzzer drives: the target that `LEDGERSTONE_FUZZ_TARGET` names. Run it by `fuzz/run`.

#![no_main]

use std::sync::LazyLock;

use ledgerstone_fuzz::Target;
use ledgerstone_fuzz::target;
use libfuzzer_sys::fuzz_target;

const VARIABLE: &str = "LEDGERSTONE_FUZZ_TARGET";

static CHOSEN: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var(VARIABLE).unwrap_or_default();
    target(&name).unwrap_or_else(|| panic!("set {VARIABLE} to one of those in fuzz/targets"))
});

fuzz_target!(|data: &[u8]| CHOSEN(data));
