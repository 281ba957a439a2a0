//! Tokens that live on for a while: a library that is given one close to its end asks for the next at once, and again.

use rolebridge::{Error, Token, TokenSource};
use std::time::{Duration, SystemTime};

/// Node's library renews five minutes ahead of a token's end, the others less.
const LEAST_LIFE: Duration = Duration::from_secs(360);

/// A token with at least six minutes to live, where one can be had.
pub(crate) async fn token(source: &TokenSource) -> Result<Token, Error> {
    let token = source.token().await?;
    if lives_for(&token, LEAST_LIFE) { Ok(token) } else { another(source, &token).await }
}

/// A token that was minted after this one; or this one, as long as it is valid and none can be had.
pub(crate) async fn another(source: &TokenSource, before: &Token) -> Result<Token, Error> {
    source.invalidate(before);
    match source.token().await {
        Err(_) if lives_for(before, Duration::ZERO) => Ok(before.clone()),
        result => result,
    }
}

fn lives_for(token: &Token, time: Duration) -> bool {
    token.expires_at() > SystemTime::now() + time
}
