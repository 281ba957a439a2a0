//! The program `rolebridge`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rolebridge_cli::main(std::env::args_os().skip(1)).into()
}
