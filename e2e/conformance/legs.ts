/**
 * Which scenarios of the official suite a server has to pass, by what it serves. Pure: lists of what to run.
 */

/** One call of the suite's program. */
export interface Leg {
  readonly title: string;
  readonly args: readonly string[];
  /** Where it goes: through everything that a client passes, or to the Service by a loopback address. */
  readonly way: 'front' | 'direct';
  /**
   * Which scenarios must pass: all, those of which anything applies to the server, none, or those on the suite's own
   * list for a revision.
   */
  readonly required: 'all' | 'applicable' | 'none' | { readonly revision: string };
  /** False leaves out checks that cannot be made without the suite's fixtures, or on a method that is not served. */
  readonly fixtures: boolean;
}

const at = (scenario: string, revision: string, ...more: readonly string[]): readonly string[] => [
  '--scenario',
  scenario,
  '--spec-version',
  revision,
  ...more,
];

const requirements = (revision: string): Leg => ({
  title: revision,
  args: ['--requirements', revision],
  way: 'front',
  required: { revision },
  fixtures: true,
});

const older = (revision: string): Leg => ({
  title: revision,
  args: ['--suite', 'all', '--spec-version', revision],
  way: 'front',
  required: 'all',
  fixtures: true,
});

/** Brings its own Host header, which an ingress would not route, and calls loopback addresses only. */
const rebinding = (revision: string): Leg => ({
  title: `dns-rebinding-protection ${revision}`,
  args: at('dns-rebinding-protection', revision),
  way: 'direct',
  required: 'all',
  fixtures: true,
});

const skills = (part: string): Leg => ({
  title: `sep-2640-skills-${part}`,
  args: at(`sep-2640-skills-${part}`, '2026-07-28', '--force'),
  way: 'front',
  required: 'none',
  fixtures: true,
});

/** For a server with the toolset `everything`. The runs of the required lists include what is pending, and Tasks. */
export const FIXTURES: readonly Leg[] = [
  requirements('2026-07-28'),
  requirements('2025-11-25'),
  older('2025-06-18'),
  older('2025-03-26'),
  rebinding('2026-07-28'),
  rebinding('2025-11-25'),
  skills('directory'),
  skills('enumeration'),
  skills('manifest'),
];

/** Applies to a server that keeps sessions; one whose tools ask nothing keeps none. */
const OF_SESSIONS = 'server-session-lifecycle';

const PLAIN_SCENARIOS: Readonly<Record<string, readonly string[]>> = {
  '2026-07-28': ['server-stateless', 'caching', 'http-header-validation', 'tools-list'],
  '2025-11-25': ['server-initialize', 'ping', 'tools-list', OF_SESSIONS],
  '2025-06-18': ['server-initialize', 'ping', 'tools-list', OF_SESSIONS],
  '2025-03-26': [OF_SESSIONS],
};

/** For any server: what needs none of the suite's fixtures. */
export const PLAIN: readonly Leg[] = [
  ...Object.entries(PLAIN_SCENARIOS).flatMap(([revision, scenarios]) =>
    scenarios.map(
      (scenario): Leg => ({
        title: `${scenario} ${revision}`,
        args: at(scenario, revision),
        way: 'front',
        required: scenario === OF_SESSIONS ? 'applicable' : 'all',
        fixtures: false,
      }),
    ),
  ),
  rebinding('2026-07-28'),
  rebinding('2025-11-25'),
];
