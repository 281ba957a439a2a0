//! `rolebridge exec`: a command whose Google libraries find their tokens in a metadata server of its own.

mod child;
mod surroundings;
mod token_file;

use crate::environment::Variables;
use crate::error::Failure;
use crate::exit::Exit;
use crate::io::Io;
use crate::metadata::{self, Metadata, Server};
use crate::signals::Passed;
use crate::source;
use crate::watch::Watch;
use child::Child;
use rolebridge::{Token, TokenSource};
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use token_file::TokenFile;
use tokio::sync::mpsc;

/// Run a command with tokens for Google's libraries, gcloud and bq.
///
/// A token is minted first: what is wrong is told before anything is started.
/// Then the command is run beside a metadata server on loopback (see `rolebridge
/// serve`), and with the variables by which the libraries find it. As long as
/// the command runs, every user of this host can read tokens from that server.
///
/// It works for Google's libraries for Go, Java, Python, Node, Rust, .NET and
/// C++, and for gcloud, bq and gsutil. It does not for those for PHP and Ruby,
/// which ask no other address than that of Compute Engine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rolebridge exec --credential-file credential.json -- python report.py
  rolebridge exec -- bq query 'SELECT 1'
  rolebridge exec -- gsutil -o GoogleCompute:service_account=default ls

Exit codes: those of the command, and 128 + N where signal N ended it; 126 it
cannot be run; 127 it is not found. Before it is started: 1 refused, unanswered
or found wrong; 2 wrong arguments; 3 a file that is wrong, unreadable or
unwritable.")]
pub(crate) struct Arguments {
    /// The credential file, in place of the one that ROLEBRIDGE_CREDENTIALS
    /// or GOOGLE_APPLICATION_CREDENTIALS names.
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// The command and its arguments, best after `--`.
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<Exit, Failure> {
    surroundings::refuse_other_credentials(environment)?;
    let source = source::open(arguments.credential_file.as_deref(), &[], environment)?;
    let token = source::mint(&source, environment, io)?;
    metadata::block_on(beside_a_server(arguments, environment, &source, token, io))
}

async fn beside_a_server(
    arguments: &Arguments,
    environment: &Variables,
    source: &TokenSource,
    token: Token,
    io: &mut Io<'_>,
) -> Result<Exit, Failure> {
    let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = server.address;
    let mut file = TokenFile::write(token)?;
    let variables = surroundings::of_the_command(environment, address, source, file.path());
    // Before there is a child: nothing would end it if one of these ended us.
    let signals = Passed::expected()?;
    let mut child = Child::start(&arguments.command, &variables, signals)?;
    io.detail(format_args!("The metadata server listens on {address}."));
    let (answered, mut answers) = mpsc::unbounded_channel();
    let end = async {
        let mut watch = Watch::new(source);
        loop {
            tokio::select! {
                exit = child.end() => break exit,
                Some(answered) = answers.recv() => watch.saw(answered, io),
                kept = file.keep(source) => watch.kept(kept, io),
            }
        }
    };
    let (exit, _) = server.run(Metadata::new(source, address), answered, end).await;
    exit
}
