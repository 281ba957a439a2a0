/**
 * Rolebridge lets software that runs on AWS use Google Cloud with no service-account key.
 *
 * It takes the workload's AWS role, exchanges it at Google for a token of a service account, and keeps that token fresh.
 *
 * @packageDocumentation
 */

/** A Google OAuth access token, or an ID token. Printing one does not show its value. */
export interface Token {
  /** The token itself: a secret, worth as much as the service account until it ends. */
  readonly value: string;
  /** When it ends, by this machine's clock. */
  readonly expiresAt: Date;
}

/** What a service account signed: RSA with SHA-256 (RS256). */
export interface Signature {
  /** The id of the account's key, under which its public half is published. */
  readonly keyId: string;
  /** The signature itself. */
  readonly value: Buffer;
}

/** The release that is loaded, such as `0.1.0`. */
export declare const version: string;

/**
 * What a token source is made with. An option that is unknown, `undefined`, `null` or empty is a `TypeError` that names
 * it: leave out what has no value.
 */
export interface TokenSourceOptions {
  /** OAuth scopes, or one; `https://www.googleapis.com/auth/cloud-platform` if none is named. */
  scopes?: string | readonly string[];
  /** The project that pays for quota, over `GOOGLE_CLOUD_QUOTA_PROJECT` and the file's. */
  quotaProjectId?: string;
  /** The universe domain to which a credential file may belong, over `GOOGLE_CLOUD_UNIVERSE_DOMAIN`. */
  universeDomain?: string;
  /**
   * Origins, such as `https://sts.example.com`, that a credential file may name besides Google's and AWS's own. Tokens go
   * there: allow only what you run yourself.
   */
  allowEndpoints?: string | readonly string[];
  /** A profile of AWS's shared files, in place of every other source of the AWS identity. */
  profile?: string;
  /** A role of AWS to assume first, with the keys of whichever source: `arn:aws:iam::111122223333:role/name`. */
  roleArn?: string;
  /** The name of that role's session; `rolebridge` if none is named. */
  roleSessionName?: string;
  /** The external id that the role's trust policy asks for. */
  externalId?: string;
  /**
   * What supplies the AWS identity in place of every other source: a credential provider of the AWS SDK v3, any function
   * of that shape, or a supplier of google-auth-library. It is asked in no caller's context (`AsyncLocalStorage`).
   *
   * It is called on this thread, before the identity that it gave last ends, once an hour where that does not end, and
   * has 20 s. What it throws is the `cause` of an {@link IdentityError}, as it is; asking in its course for a token that
   * needs its own answer is one. It keeps nothing alive. A source with one shares its cache with those of its
   * `withScopes` alone.
   */
  identity?: IdentityProvider | AwsCredentialsSupplier;
}

/** What an identity provider gives. Without a region, the region is looked for as for any other source. */
export interface SuppliedIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When the keys end: the provider is asked again before. */
  readonly expiration?: Date | undefined;
  readonly region?: string | undefined;
}

/** As the credential providers of the AWS SDK v3 are, such as `fromTemporaryCredentials(…)`. */
export type IdentityProvider = () => SuppliedIdentity | Promise<SuppliedIdentity>;

/** As google-auth-library's `AwsSecurityCredentialsSupplier` is. (It is given no `transporter`.) */
export interface AwsCredentialsSupplier {
  // biome-ignore lint/suspicious/noExplicitAny: the context has another type in each major of the library.
  getAwsRegion(context: any): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  getAwsSecurityCredentials(context: any): Promise<{ accessKeyId: string; secretAccessKey: string; token?: string }>;
}

/** A credential file's content: `external_account` JSON (AIP-4117). */
export type CredentialFile = Readonly<Record<string, unknown>>;

/**
 * Google access tokens for this AWS workload, minted when they are needed and renewed ahead of their end.
 *
 * Making one reads the credential file and starts nothing: no thread, no request. Sources of equal configuration in one
 * process, workers included, share one cache. While a call waits for a token Node does not end; nothing else here keeps
 * it alive.
 *
 * @example
 * ```js
 * const source = TokenSource.fromEnv();
 * const response = await fetch('https://bigquery.googleapis.com/…', { headers: await source.headers() });
 * ```
 */
export declare class TokenSource {
  private constructor();

  /**
   * From a credential file's path or its `file:` URL.
   *
   * @throws {@link ConfigError}, whose `field` is the JSON path of what is wrong. Nothing is sent.
   */
  static fromFile(path: string | URL, options?: TokenSourceOptions): TokenSource;

  /**
   * From a credential file's content, as text or as the object it stands for.
   *
   * @throws {@link ConfigError}, as {@link TokenSource.fromFile}.
   */
  static fromJSON(json: string | CredentialFile, options?: TokenSourceOptions): TokenSource;

  /**
   * Without a credential file, from what would stand in it: the workload identity pool's AWS provider
   * (`//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`) and the
   * e-mail address of the service account to impersonate. Without an account, the federated token itself is used (direct
   * access).
   *
   * @throws {@link ConfigError}, where one of them is wrong. Nothing is sent.
   */
  static fromAudience(audience: string, serviceAccount?: string, options?: TokenSourceOptions): TokenSource;

  /**
   * From what the environment names: `ROLEBRIDGE_CREDENTIALS` (a path or the JSON itself), else
   * `GOOGLE_APPLICATION_CREDENTIALS` (a path).
   *
   * @throws {@link ConfigError}, as {@link TokenSource.fromFile}.
   */
  static fromEnv(options?: TokenSourceOptions): TokenSource;

  /**
   * Starts the minting of a token, unless one is cached, and returns at once: for a program that loads its other
   * libraries meanwhile. Whatever goes wrong is told to the first call that wants the token. It keeps nothing alive.
   */
  warm(): void;

  /** The same source for other scopes. With impersonation both share one federated token. */
  withScopes(scopes: string | readonly string[]): TokenSource;

  /**
   * An access token that is valid now. All who wait for one share one exchange, and a failed renewal costs nothing while
   * a valid token is left.
   *
   * @throws {@link RolebridgeError}, when no valid token is left.
   */
  token(options?: WaitOptions): Promise<Token>;

  /**
   * The headers of a request to a Google API: a new object for each call, made for `fetch` and `http.request` alike.
   * Errors as {@link TokenSource.token}.
   */
  headers(options?: WaitOptions): Promise<TokenHeaders>;

  /**
   * An OpenID Connect ID token of the service account for one audience, valid now: what Cloud Run, Cloud Functions or
   * Identity-Aware Proxy takes as `Authorization: Bearer …`. It is kept for its audience and renewed ahead of its claim
   * `exp`; whoever is shown it verifies it.
   *
   * @throws {@link RolebridgeError}, as {@link TokenSource.token}; {@link ConfigError} in direct access, where there is no
   * service account, and for a blank audience.
   */
  idToken(audience: string, options?: IdTokenOptions): Promise<Token>;

  /**
   * Has the service account sign bytes with a key that Google holds (`signBlob`, RS256), as a signed URL of Cloud Storage
   * needs it. Nothing is kept: each call asks Google.
   *
   * The account must be allowed to sign for itself, or the workload's role to sign as it, by *Service Account Token
   * Creator*; the hint of a refusal holds both commands.
   *
   * @throws {@link RolebridgeError}, as {@link TokenSource.token}; {@link ConfigError} in direct access.
   */
  sign(payload: Uint8Array, options?: WaitOptions): Promise<Signature>;

  /**
   * Reports that an API answered 401 to `token`: if this is the cached token and at least thirty seconds old, the next
   * call mints another. Returns whether it does. (A refusal of a younger token has another cause.)
   */
  invalidate(token: Token): boolean;

  /** The email of the service account whose tokens these are; undefined in direct access. */
  get serviceAccount(): string | undefined;

  /**
   * The project of this credential, with no request made: `GOOGLE_CLOUD_PROJECT`, the file's `project_id`, or the project
   * in the service account's name.
   */
  get projectId(): string | undefined;

  /** The project that pays for quota, if one is set. */
  get quotaProjectId(): string | undefined;

  /** The OAuth scopes that the token is good for. */
  get scopes(): readonly string[];
}

/** How long a caller waits. */
export interface WaitOptions {
  /**
   * Ends this wait, with the signal's `reason`. The flight goes on, since others may wait for it, and its token is kept; the
   * process stays alive until the flight ends, half a minute at the most.
   */
  signal?: AbortSignal;
}

/** What an ID token holds, and how long a caller waits for it. */
export interface IdTokenOptions extends WaitOptions {
  /** Whether it has the claims `email` and `email_verified`; it has if this is left out. */
  includeEmail?: boolean;
}

/**
 * Headers by name: `authorization`, and `x-goog-user-project` where a quota project is set. A plain object without a
 * prototype's members, save `hasOwnProperty` and `toString`.
 */
export type TokenHeaders = { authorization: string } & Record<string, string>;

/** What {@link createAuthClient} is told. */
export type AuthClientOptions<Library extends AuthLibrary = AuthLibrary> = TokenSourceOptions &
  NamedCredential & {
    /** A loaded google-auth-library, 9 to 11; by default the only one that is loaded, or the one that the caller’s file finds. */
    library?: Library;
  };

/** One of the ways to name a credential, or none: then the environment names one. */
export type NamedCredential =
  | {
      /** A credential file's path or its `file:` URL. */
      keyFilename?: string | URL;
      keyFile?: never;
      credentials?: never;
      audience?: never;
      serviceAccount?: never;
    }
  | {
      /** The same, by the name that GoogleAuth has for it. */
      keyFile?: string | URL;
      keyFilename?: never;
      credentials?: never;
      audience?: never;
      serviceAccount?: never;
    }
  | {
      /** A credential file's content. */
      credentials?: CredentialFile;
      keyFilename?: never;
      keyFile?: never;
      audience?: never;
      serviceAccount?: never;
    }
  | {
      /** In place of a file, the AWS provider, as {@link TokenSource.fromAudience} takes it. */
      audience: string;
      /** The e-mail address of the service account to impersonate; none in direct access. */
      serviceAccount?: string;
      keyFilename?: never;
      keyFile?: never;
      credentials?: never;
    };

/** What the client of an AWS `external_account` has besides what that copy of the library gives it. */
export interface Warmable {
  /** {@link TokenSource.warm} for this client. */
  warm(): void;
}

/** What that client has of its service account. In direct access each throws a {@link ConfigError}. */
export interface AccountClient {
  /** {@link TokenSource.idToken} as text: what `GoogleAuth.getIdTokenClient` asks for. */
  fetchIdToken(audience: string): Promise<string>;
  /** {@link TokenSource.sign} in the shape of Google's class `Impersonated`, with the signature in base64. */
  sign(blob: string | Uint8Array): Promise<{ keyId: string; signedBlob: string }>;
}

/** As much as has to be known of a copy of google-auth-library. */
export interface AuthLibrary {
  AuthClient: abstract new (...args: never[]) => unknown;
  AwsClient: new (...args: never[]) => unknown;
  GoogleAuth: new (...args: never[]) => unknown;
}

/**
 * A client for Google's libraries, to be passed as `authClient` or `auth`: an `AuthClient` of that copy of
 * google-auth-library, with its headers, its `request` and its `tokens` event.
 *
 * An AWS `external_account` becomes a client whose tokens are Rolebridge's. Anything else is handed to Google's library
 * unchanged, so the same program runs on a laptop and on Google Cloud. (Where no file is named, and for keys whose name
 * ends in `.pem`, `.der`, `.crt`, `.p12` or `.pfx`, that library looks by itself when the client is first used; such a client has tokens, headers,
 * `request` and `fetchIdToken`, and signs nothing.)
 *
 * Without `library` its type is left open, since which copy is found is known only when the program runs.
 *
 * @throws {@link ConfigError}, as {@link TokenSource.fromFile}, for an AWS `external_account` that is wrong, for a file
 * that cannot be read or is no JSON, and where no google-auth-library is found.
 *
 * @example
 * ```js
 * const bigquery = new BigQuery({ projectId, authClient: createAuthClient({ keyFilename: 'credential.json' }) });
 * ```
 */
export declare function createAuthClient<Library extends AuthLibrary>(
  options: AuthClientOptions<Library> & { library: Library },
): InstanceType<Library['AuthClient']> & Partial<Warmable & AccountClient>;
// biome-ignore lint/suspicious/noExplicitAny: classes of two copies are never assignable to one another.
export declare function createAuthClient(options?: AuthClientOptions): any;

/**
 * {@link TokenSource.warm} for what the environment names. A wrong file is told to the first call that wants a token, and
 * only a wrong option is thrown here. A client that {@link createAuthClient} makes of an AWS `external_account` has a `warm()` of its own.
 */
export declare function warm(options?: Omit<TokenSourceOptions, 'identity'>): void;

/** What an error asks of the one who meets it; each kind is a class below. */
export type ErrorKind = 'config' | 'identity' | 'refused' | 'unavailable' | 'malformed' | 'internal';

/** A leg of the way from a credential file to a token or a signature. */
export type Step = 'config' | 'identity' | 'exchange' | 'impersonation' | 'id_token' | 'signing';

/**
 * What a flight did, as `node:diagnostics_channel` tells it under the name `rolebridge:refresh`, on the thread of a caller
 * and soon after the flight. No secret is part of it.
 */
export interface Flight {
  readonly begunAt: Date;
  /** In the order in which they began. Times are milliseconds from the flight's start. */
  readonly steps: readonly FlightStep[];
  /** Whether it was to renew a token that was still good: then nobody waited for it. */
  readonly isRenewal: boolean;
  /** Why it brought no token, if it brought none. */
  readonly error?: RolebridgeError;
  /** What somebody should look at, though a token may have come. Each is a warning of the process too. */
  readonly warnings: readonly string[];
}

/** One step of a {@link Flight}. */
export interface FlightStep {
  readonly step: Step;
  readonly begun: number;
  readonly took: number;
  /** Every request that was sent, tries included: its status, or why there is none. */
  readonly requests: readonly {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly begun: number;
    readonly took: number;
    readonly status?: number;
    readonly problem?: string;
  }[];
  /** By how many seconds AWS's clock is ahead of this machine's, if a request was signed once more by it. */
  readonly clockSkewSeconds?: number;
  readonly error?: RolebridgeError;
}

/**
 * A failure. The message is one sentence and, where there is one, a second line `hint: …`; what caused it is the chain of
 * `cause`. No secret and no reply's body is part of either.
 */
export declare abstract class RolebridgeError extends Error {
  protected constructor();
  readonly kind: ErrorKind;
  /** Where it happened. */
  readonly step: Step;
  /** The HTTP status that was answered, where something answered. */
  readonly status?: number;
  /** The service's own name for the error: `invalid_grant` of Google STS, `PERMISSION_DENIED` of Google IAM. */
  readonly code?: string;
  /** The JSON path in the credential file that is wrong, such as `credential_source.environment_id`. */
  readonly field?: string;
  /** What to do next. It is the last line of the message too. */
  readonly hint?: string;
}

/** The credential file or an option is wrong: mend it. Nothing was sent. */
export declare class ConfigError extends RolebridgeError {}

/** No AWS credentials found, or those that are set up are broken: fix the workload's role or its variables. */
export declare class IdentityError extends RolebridgeError {}

/** AWS or Google understood the request and said no: mend the role, the provider or the binding. */
export declare class RefusedError extends RolebridgeError {}

/** Nothing answered in time, or a service is out of order: try again later; a later call tries by itself. */
export declare class UnavailableError extends RolebridgeError {}

/** Something answered what it never should: an intermediary, an emulator or a bug. */
export declare class MalformedError extends RolebridgeError {}

/** Rolebridge failed: please report it. */
export declare class InternalError extends RolebridgeError {}
