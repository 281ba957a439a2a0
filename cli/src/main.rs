//! The program `rolebridge`: gives the process's arguments, environment and streams to the library.

use rolebridge_cli::{Io, Stream, Variables, run};
use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let environment: Variables = std::env::vars_os().collect();
    let (mut input, mut output, mut talk) = (stdin(), stdout(), stderr());
    let (input_is_terminal, output_is_terminal) = (input.is_terminal(), output.is_terminal());
    let talk_is_terminal = talk.is_terminal();
    let output = Stream::new(&mut output, output_is_terminal, &environment);
    let talk = Stream::new(&mut talk, talk_is_terminal, &environment);
    let mut io = Io::new(&mut input, input_is_terminal, output, talk);
    run(std::env::args_os().skip(1), &environment, &mut io).into()
}
