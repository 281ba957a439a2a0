//! The plan carried out: the first step that is left is taken, then what is there is looked at again.

use super::cloud::Cloud;
use super::patience::Patience;
use super::plan::{Conflict, Desired, Plan, Remedy};
use super::step::Step;
use crate::error::Failure;
use crate::exit::Exit;
use crate::io::Io;

/// Takes steps until none is left of the plan that `look` makes anew after each.
pub(super) fn apply(
    desired: &Desired,
    cloud: &mut Cloud,
    io: &mut Io<'_>,
    look: impl Fn(&Cloud) -> Result<Plan, Failure>,
) -> Result<(), Failure> {
    let bar = io.bar();
    let mut taken: Vec<Step> = Vec::new();
    let mut patience = Patience::new();
    loop {
        let Plan { steps, conflicts } = look(cloud)?;
        if let Some(conflict) = conflicts.first() {
            return Err(refusal(conflict));
        }
        let is_left = steps.iter().filter(|step| !taken.contains(step)).count();
        bar.set_length((taken.len() + is_left) as u64);
        let Some(step) = steps.into_iter().next() else { break };
        if taken.contains(&step) {
            if !patience.wait() {
                return Err(Failure::new(Exit::Failed, format!("Google does not show yet what was done: {step}"))
                    .hinting("run this again in some minutes: it goes on where it was"));
            }
            continue;
        }
        bar.suspend(|| io.say(format_args!("{step}")));
        cloud.take(desired, &step)?;
        taken.push(step);
        bar.set_position(taken.len() as u64);
        patience = Patience::new();
    }
    bar.finish_and_clear();
    if taken.is_empty() {
        io.say("Nothing is left to do.");
    }
    Ok(())
}

fn refusal(conflict: &Conflict) -> Failure {
    let failure = Failure::new(Exit::Failed, &*conflict.sentence);
    failure.hinting(match conflict.remedy {
        Remedy::Nothing => "name an address of this project, or create the service account where it belongs",
        _ => "nothing that is there is changed unless `--replace` says so: add it, or choose another name",
    })
}
