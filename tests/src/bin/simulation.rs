//! Runs the simulation of `kalshi_fix_tests::simulation` on many seeds, or on one with a trace.

fn main() -> std::process::ExitCode {
    kalshi_fix_tests::simulation::command::main()
}
