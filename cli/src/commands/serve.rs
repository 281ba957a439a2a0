//! `rolebridge serve`: the metadata server of Compute Engine on this host.

use crate::environment::Variables;
use crate::error::Failure;
use crate::exit;
use crate::io::Io;
use crate::metadata::{self, Metadata, Server};
use crate::signals::Endings;
use crate::source;
use crate::watch::Watch;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Answer as the metadata server of Compute Engine, which Google's libraries ask.
///
/// Programs that use Google's libraries for Go, Java, Python, Node, Rust, .NET
/// or C++ get their tokens here, unchanged. Those for PHP and Ruby do not: they
/// ask no other address than that of Compute Engine. Printed are the variables
/// by which the libraries find this server; programs must have neither
/// GOOGLE_APPLICATION_CREDENTIALS nor NO_GCE_CHECK, nor a file of gcloud's
/// application-default login. (`rolebridge exec` sees to all of that.)
///
/// Every user of this host can read tokens from it. It ends at Ctrl-C or
/// SIGTERM, when the answers that are under way are finished, and at once at
/// the second.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("Examples:
  rolebridge serve --credential-file credential.json
  rolebridge serve --listen 127.0.0.1:8790

{}", exit::HELP))]
pub(crate) struct Arguments {
    /// The credential file, in place of the one that ROLEBRIDGE_CREDENTIALS
    /// or GOOGLE_APPLICATION_CREDENTIALS names.
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// Where to listen: port 0 is a free one, and another address than a
    /// loopback one gives tokens to everyone who reaches it.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    let source = source::open(arguments.credential_file.as_deref(), &[], environment)?;
    source::mint(&source, environment, io)?;
    metadata::block_on(async {
        let server = Server::bind(arguments.listen).await?;
        let mut endings = Endings::expected()?;
        let address = server.address;
        let variables = metadata::variables(address).map(|(name, value)| format!("{name}={value}\n"));
        match address.ip().is_loopback() {
            true => io.say(format_args!("Listening on {address}. Every user of this host can read tokens from it.")),
            false => {
                source::warn(&format!("listening on {address}: everyone who can reach it can read tokens from it"), io)
            }
        }
        io.data(variables.concat())?;
        let (answered, mut answers) = mpsc::unbounded_channel();
        let end = async {
            let mut watch = Watch::new(&source);
            loop {
                tokio::select! {
                    Some(answered) = answers.recv() => watch.saw(answered, io),
                    () = endings.next() => break,
                }
            }
            io.say("Ending: answers that are under way are finished first.");
        };
        let ((), connections) = server.run(Metadata::new(&source, address), answered, end).await;
        tokio::select! {
            () = connections.shutdown() => {}
            // Somebody does not want to wait.
            () = endings.next() => {}
        }
        Ok(())
    })
}
