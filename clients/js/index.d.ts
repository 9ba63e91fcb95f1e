/// <reference lib="esnext.disposable" />

/** What a request asks for, as rules, expectations and the journal name it. */
export type Operation =
  | 'groups.list'
  | 'groups.get'
  | 'groups.create'
  | 'groups.update'
  | 'groups.delete'
  | 'me.get'
  | 'me.organizations'
  | 'organizations.get'
  | 'organizations.me'
  | 'users.list'
  | 'users.get'
  | 'users.names'
  | 'guests.list'
  | 'guests.get'
  | 'guests.names'
  | 'oauth.token';

/** How a connection can break. */
export type FaultKind =
  | 'connection_reset'
  | 'empty_response'
  | 'malformed_response'
  | 'random_data_then_close'
  | 'truncated_body'
  | 'slow_body';

/** A group as it is stored. */
export interface Group {
  id: string;
  name: string;
  description: string | null;
  members: number[];
  guests: string[];
  created_at: string;
  last_updated: string;
}

/** A request in the journal, with its answer. */
export interface RequestEntry {
  id: number;
  at: string;
  operation: Operation | null;
  org: string | null;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: unknown;
  status: number | null;
  response: unknown;
  duration_us: number | null;
  /** The rule that struck it. */
  fault: string | null;
  /** What of it the mock did not read, such as `body.desciption`. */
  unread: string[];
  did_you_mean?: Record<string, string>;
  /** Why it was refused. */
  reason?: string;
  cut?: string[];
  under_way?: true;
  client_gone?: true;
}

/** Rows to be added, as an organization of a fixture has them. */
export interface OrganizationSeed {
  groups?: object[];
  users?: object[];
  guests?: object[];
  allow_manage_groups?: boolean;
  [further: string]: unknown;
}

/** How a rule makes a request fail. */
export interface FaultStep {
  /** Answers so, with `body` or Tallyfy's own. */
  status?: number;
  body?: unknown;
  /** Adds `Retry-After`, in seconds. */
  retryAfter?: number;
  /** Breaks the connection so. */
  fault?: FaultKind;
  chunkMs?: number;
  /** Waits so many milliseconds, or as a rule says it. */
  delay?: number | object;
  /** `after` fails once the change is in, which is what retrying code gets wrong. */
  write?: 'before' | 'after';
  /** How often; once where it is left out. */
  times?: number | 'always';
}

/** Which requests fail, and how. */
export interface FaultOptions extends FaultStep {
  operation?: Operation;
  /** With `path`, a glob on the path after `/api`, in the place of an operation. */
  method?: string;
  path?: string;
  token?: string;
  /** Several steps, taken in order, in the place of one; as the control endpoint has them. */
  steps?: object[];
  /** Lets so many matching requests pass first. */
  skip?: number;
  probability?: number;
  /** The rule's id; `fault-1` and so on where it is left out. */
  id?: string;
}

/** What a request has to match. */
export interface Expectation {
  operation?: Operation;
  method?: string;
  path?: string;
  status?: number;
  headers?: Record<string, string>;
  /** A part of the body: an object may have more fields, a list has this length. */
  body?: unknown;
}

/** How often; at least once where nothing is said. */
export interface Bounds {
  times?: number;
  atLeast?: number;
  atMost?: number;
}

/** Which requests of the journal. */
export interface RequestQuery {
  operation?: Operation;
  method?: string;
  status?: number;
  since?: number;
  limit?: number;
}

/** A rule by which requests fail. */
export interface Fault {
  readonly id: string;
  /** How many requests it struck. */
  hits(): Promise<number>;
  /** Whether none of its steps is left. */
  isSpent(): Promise<boolean>;
  /** Takes it out of force. */
  remove(): Promise<void>;
}

/** A clock of the mock's: that of one organization, or of all that have none of their own. */
export interface Clock {
  /** What time it is for the mock. */
  now(): Promise<Date>;
  /** Lets it stand still, at that time or at its own. */
  freeze(at?: Date | string): Promise<Date>;
  /** Moves it by so many seconds; back, if they are negative. */
  advance(seconds: number): Promise<Date>;
  /** Lets it run, from where it stands. */
  run(): Promise<Date>;
}

/** An organization: its data, faults, clock and journal. Others never notice what happens to it. */
export interface TallyfyOrg extends AsyncDisposable {
  readonly id: string;
  /** A token that the mock takes for it. */
  readonly token: string;
  /** The mock's base URL, without `/api`: where a client would say `https://api.tallyfy.com`. */
  readonly baseUrl: string;
  /** The headers that Tallyfy asks for. */
  readonly headers: { Authorization: string; 'X-Tallyfy-Client': string };
  /** The variables by which clients find Tallyfy, for this organization. */
  readonly env: Record<string, string>;
  readonly clock: Clock;
  readonly mock: TallyfyMock;
  /** The URL of something in it: `url('groups')`. */
  url(path?: string): string;
  /** Adds rows; one of the same id replaces. All or nothing. */
  seed(organization: OrganizationSeed): Promise<void>;
  /** The groups that are stored, in the order of their creation. */
  groups(): Promise<Group[]>;
  /** All that is stored, as an organization of a fixture. */
  state(): Promise<Record<string, unknown>>;
  /** Makes requests to it fail. */
  fault(options: FaultOptions): Promise<Fault>;
  /** The rules by which requests to it fail, with what is left of each. */
  faults(): Promise<object[]>;
  /** What it was asked, the newest last. */
  requests(query?: Operation | RequestQuery): Promise<RequestEntry[]>;
  /** Asserts that it was asked for this, and gives back how often. */
  verify(operation: Operation, bounds?: Omit<Expectation, 'operation'> & Bounds): Promise<number>;
  verify(expected: Expectation & Bounds): Promise<number>;
  /** Asserts that it was asked for these, in this order; other requests may lie between them. */
  verifySequence(...expected: (Operation | Expectation)[]): Promise<number>;
  /** It is as it was at the start, without faults, a clock of its own, and a journal. */
  reset(): Promise<void>;
}

/** What a mock is started with. */
export interface StartOptions {
  /** Files or folders to load. */
  fixtures?: string | URL | (string | URL)[];
  /** The edition of Tallyfy's documentation to follow, such as `2025-08`. */
  edition?: string;
  /** Makes ids repeat, those of organizations too. */
  seed?: number;
  /** What its control endpoints demand; without it, `TALLYFY_MOCK_CONTROL_TOKEN`. */
  controlToken?: string;
  /** Further flags of the command. */
  args?: string[];
  /** The binary; without it, `TALLYFY_MOCK_BIN`, or the one of this platform's package. */
  binary?: string;
  /** How long a start may take, in milliseconds. */
  timeout?: number;
}

/** A mock: one that was started here, or one that runs already. */
export class TallyfyMock implements AsyncDisposable {
  private constructor();
  /**
   * Starts a mock on a free port; it ends with this process, however that ends, and does not keep it from ending.
   * Where `TALLYFY_MOCK_URL` is set, the mock that runs there is taken instead.
   */
  static start(options?: StartOptions): Promise<TallyfyMock>;
  /** A mock that runs already: at that URL, or where `TALLYFY_MOCK_URL` says. Stopping it does nothing. */
  static connect(
    where?: string | { url: string },
    options?: Pick<StartOptions, 'controlToken' | 'seed'>,
  ): Promise<TallyfyMock>;
  /** Where it is, such as `http://127.0.0.1:8255`. */
  readonly url: string;
  readonly version: string;
  readonly edition: string;
  /** Whether it was started here, and is nobody else's. */
  readonly isOwn: boolean;
  /** The end of what it said on standard error, if it was started here. */
  readonly log: string;
  /** The clock of all organizations that have none of their own. */
  readonly clock: Clock;
  /** An organization: the one of that id, or a fresh one that nobody else has, whose id begins with `name`. */
  org(id?: string, options?: { name?: string }): Promise<TallyfyOrg>;
  /** What it was asked, of all organizations and of none, the newest last. */
  requests(query?: RequestQuery): Promise<RequestEntry[]>;
  /** Everything is as it was at the start, for everybody. */
  reset(): Promise<void>;
  /** Ends it, if it was started here. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The mock cannot be started or reached, or refuses what it was told to do; `status` is that of the refusal. */
export class TallyfyMockError extends Error {
  readonly status?: number;
}

/** What a test expects was not asked; the message says what was asked instead. */
export class VerificationError extends Error {}

/** What a mock of a test's own is started with, and which of its fixtures' organizations the test takes. */
export type OrgOptions = Omit<StartOptions, 'timeout'> & { org?: string };

/**
 * Makes a test of a function that takes an organization of its own. What the runner gives comes after
 * it. Where the test fails, its error tells what the organization was asked; at the end the organization is reset.
 */
export function withOrg<Given extends unknown[]>(
  test: (org: TallyfyOrg, ...given: Given) => unknown,
): (...given: Given) => Promise<void>;
export function withOrg<Given extends unknown[]>(
  options: OrgOptions,
  test: (org: TallyfyOrg, ...given: Given) => unknown,
): (...given: Given) => Promise<void>;
