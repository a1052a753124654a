import { WireFault } from '@keyledger/wire'

type Refusal = readonly [code: string, status: number, message: string]

const denied = (message: string): Refusal => ['AccessDeniedException', 403, message]
const invalid = (message: string): Refusal => ['ValidationException', 400, message]
const badToken = (message: string): Refusal => ['InvalidIdentityToken', 400, message]
const longestEcho = 256

/** Refusals that only STS gives (STS API reference, "Errors"); texts marked "ours" are for what AWS leaves unsaid. */
const refusals = {
  notAuthorized: (arn: string, action: string, resource: string) =>
    denied(`User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`),
  notAuthorizedWithToken: () => denied('Not authorized to perform sts:AssumeRoleWithWebIdentity'),
  sessionCannot: (operation: string) => denied(`Cannot call ${operation} with session credentials`),
  noDevice: () => denied('MultiFactorAuthentication failed with invalid MFA one time pass code.'),
  sourceIdentityStays: () => denied('The source identity of a session cannot be changed.'), // ours

  invalidRoleArn: (arn: string) => invalid(`${arn.slice(0, longestEcho)} is invalid`),
  tooLongForRole: () => invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'),
  tooLongForChain: () =>
    invalid('The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining'),
  duplicateTags: () => invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.'),
  reservedTag: () => invalid('Tag keys beginning with aws: are reserved for internal use'),
  transitiveUnknown: () => invalid('The specified transitive tag key must be included in the requested tags.'),
  transitiveConflict: () =>
    invalid(
      "One of the specified tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ),
  noManagedPolicies: () => invalid('PolicyArns is not supported: there are no managed policies here.'), // ours
  noProviderId: () => invalid('ProviderId is for OAuth 2.0 access tokens, which are not supported.'), // ours
  malformedPolicy: (message: string) => ['MalformedPolicyDocument', 400, message],
  packedTooLarge: (percent: number) => [
    'PackedPolicyTooLarge',
    400,
    `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
  ],

  notJwt: () =>
    badToken('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)'),
  noProvider: (issuer: string) =>
    badToken(`No OpenIDConnect provider found in your account for ${issuer.slice(0, longestEcho)}`),
  wrongAudience: () => badToken('Incorrect token audience'),
  noVerificationKey: () =>
    badToken(
      "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
    ),
  badSignature: () => badToken('The signature of the identity token is not valid.'), // ours
  badClaim: (claim: string) => badToken(`The claim ${claim} of the identity token is missing or not valid.`), // ours
  /** The query protocol writes it as the model has it, ExpiredTokenException; ExpiredToken is for credentials. */
  identityTokenExpired: (now: number, expiry: number) => [
    'ExpiredIdentityTokenException',
    400,
    `Token expired: current date/time ${now} must be before the expiration date/time ${expiry}`,
  ],
  providerUnreachable: () => [
    'IDPCommunicationError',
    400,
    'The identity provider could not be reached, or did not answer with its keys.',
  ],
} satisfies Record<string, (...args: never[]) => Refusal>

type Refusals = typeof refusals

/** The refusal of that kind: `throw stsFault('wrongAudience')`. What the caller is not told may follow: the trail has it. */
export const stsFault = <K extends keyof Refusals>(
  kind: K,
  ...given: [...args: Parameters<Refusals[K]>, cause?: Error]
): WireFault => {
  const refusal = refusals[kind] as (...args: unknown[]) => Refusal
  const cause = given.at(-1)
  return new WireFault(...refusal(...given), ...(cause instanceof Error ? [{ cause }] : []))
}
