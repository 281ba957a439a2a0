//! The program `rolebridge`: gives the process's arguments, environment and streams to the library.

use rolebridge_cli::{Io, Stream, Variables, run};
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut input, mut output, mut talk) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let is_terminal = [input.is_terminal(), output.is_terminal(), talk.is_terminal()];
    let environment: Variables = std::env::vars_os().collect();
    let mut io = Io::new(
        &mut input,
        is_terminal[0],
        Stream::new(&mut output, is_terminal[1], &environment),
        Stream::new(&mut talk, is_terminal[2], &environment),
    );
    run(std::env::args_os().skip(1), &environment, &mut io).into()
}
