//! The streams of a run as values: data goes to standard output, talk to standard error.

use crate::environment::Variables;
use crate::error::{Failure, printable};
use crate::exit::Exit;
use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::fmt::{self, Display};
use std::io::{self, Read, Write};
use std::time::Duration;

/// The word before what is wrong.
pub(crate) const WRONG: Style = AnsiColor::Red.on_default().bold();
/// The word before what to do next.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// The names of what is listed.
pub(crate) const NAME: Style = Style::new().bold();

/// How often a bar moves while nothing else does.
const TICK: Duration = Duration::from_millis(100);

/// One output stream. Styles reach it only where it is a terminal that shows them and `NO_COLOR` is not set.
pub struct Stream<'a> {
    writer: &'a mut (dyn Write + Send),
    is_terminal: bool,
    is_styled: bool,
}

impl<'a> Stream<'a> {
    /// A stream, whether it is a terminal, and the environment that may forbid colours.
    pub fn new(writer: &'a mut (dyn Write + Send), is_terminal: bool, environment: &Variables) -> Stream<'a> {
        let is_plain = environment.is_set("NO_COLOR") || environment.text("TERM").as_deref() == Some("dumb");
        Stream { writer, is_terminal, is_styled: is_terminal && !is_plain }
    }

    /// Whether somebody sees it as it is written.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes the whole text, and has nothing of it left to write when this returns.
    fn write(&mut self, text: &str) -> io::Result<()> {
        match self.is_styled {
            true => self.writer.write_all(text.as_bytes())?,
            false => write!(self.writer, "{}", strip_str(text))?,
        }
        self.writer.flush()
    }
}

/// How much talk is wanted. Data and errors are the same in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Talk {
    /// Errors only.
    Quiet,
    /// What a person should know.
    Usual,
    /// Every step.
    Verbose,
}

/// The streams of a run.
pub struct Io<'a> {
    input: &'a mut (dyn Read + Send),
    input_is_terminal: bool,
    output: Stream<'a>,
    talk: Stream<'a>,
    wanted: Talk,
}

impl<'a> Io<'a> {
    /// Standard input, whether it is a terminal, standard output and standard error.
    pub fn new(
        input: &'a mut (dyn Read + Send),
        input_is_terminal: bool,
        output: Stream<'a>,
        talk: Stream<'a>,
    ) -> Io<'a> {
        Io { input, input_is_terminal, output, talk, wanted: Talk::Usual }
    }

    /// All of standard input, as text.
    pub(crate) fn read(&mut self) -> io::Result<String> {
        if self.input_is_terminal {
            self.say("Reading standard input; Ctrl-D ends it.");
        }
        io::read_to_string(&mut self.input)
    }

    pub(crate) fn want(&mut self, wanted: Talk) {
        self.wanted = wanted;
    }

    /// Data: text as it is, on standard output, written before this returns.
    pub(crate) fn data(&mut self, text: impl Display) -> Result<(), Failure> {
        self.output.write(&text.to_string()).map_err(|cause| Failure::output(&cause))
    }

    /// A line for a person, unless `--quiet` was given.
    pub(crate) fn say(&mut self, line: impl Display) {
        if self.wanted >= Talk::Usual {
            self.tell(format_args!("{line}"));
        }
    }

    /// A line for a person who asked for `--verbose`.
    pub(crate) fn detail(&mut self, line: impl Display) {
        if self.wanted >= Talk::Verbose {
            self.tell(format_args!("{line}"));
        }
    }

    /// A line on standard error, whatever was asked for. If nobody can read it there, there is nowhere else to tell it.
    pub(crate) fn tell(&mut self, line: fmt::Arguments<'_>) {
        let _ = self.talk.write(&format!("{line}\n"));
    }

    /// A bar of steps on standard error, where somebody sees it and wants talk. It is cleared when it is dropped.
    pub(crate) fn bar(&self) -> ProgressBar {
        if !self.talk.is_terminal || self.wanted == Talk::Quiet {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} [{bar:20}] {pos} of {len}, {elapsed}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.enable_steady_tick(TICK);
        bar.with_finish(ProgressFinish::AndClear)
    }

    /// Tells why a run ends, and gives its exit code.
    pub(crate) fn fail(&mut self, failure: &Failure) -> Exit {
        let Failure::Told { exit, message, hint } = failure else { return Exit::Done };
        self.tell(format_args!("{WRONG}error:{WRONG:#} {}", printable(message)));
        if let Some(hint) = hint {
            self.tell(format_args!("{HINT}hint:{HINT:#} {}", printable(hint)));
        }
        *exit
    }
}
