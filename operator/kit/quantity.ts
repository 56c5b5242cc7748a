/**
 * Kubernetes quantities in the form the API server stores them in resource lists (apimachinery `resource.Quantity` canonical form): no
 * fraction, the largest suffix that keeps it whole, the family of suffixes as given. An intent that holds another
 * spelling would differ from the live object for ever. Pure.
 */

const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const pattern =
  /^([+-]?)([0-9]{0,30})(?:\.([0-9]{0,30}))?(?:([eE][+-]?[0-9]{1,3})|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/;

/** Resource lists are rounded up to thousandths (SetDefaults_ResourceList in pkg/apis/core/v1/defaults.go). */
const milli = 1_000_000n;

/** The value in nano units and the family its text uses. */
interface Parsed {
  readonly nanos: bigint;
  readonly family: 'decimal' | 'binary' | 'exponent';
}

/** 0.5 → 500m, 1024Mi → 1Gi, 1000m → 1, 1.5Gi → 1536Mi. Throws an Error that names the text when it is no quantity. */
export function canonicalQuantity(text: string | number): string {
  const { nanos, family } = parse(String(text));
  const sign = nanos < 0n ? '-' : '';
  const exact = nanos < 0n ? -nanos : nanos;
  const magnitude = ((exact + milli - 1n) / milli) * milli;
  if (magnitude === 0n) return '0';
  const whole = magnitude % 1_000_000_000n === 0n;
  // A binary quantity below 1024 or with a fraction is written with decimal suffixes (quantity.go CanonicalizeBytes).
  if (family === 'binary' && whole && magnitude >= 1024n * 1_000_000_000n) {
    return sign + scale(magnitude / 1_000_000_000n, 1024n, binarySuffixes);
  }
  if (family === 'exponent') {
    const { digits, steps } = reduce(magnitude, 1000n, decimalSuffixes.length - 1);
    const exponent = (steps - 3) * 3;
    return `${sign}${digits}${exponent === 0 ? '' : `e${exponent}`}`;
  }
  return sign + scale(magnitude, 1000n, decimalSuffixes);
}

/** Whole units, rounded up, as Kubernetes' Quantity.Value() does: bytes of a memory quantity, cores of a CPU one. */
export function quantityValue(text: string | number): number {
  const { nanos } = parse(String(text));
  const unit = 1_000_000_000n;
  return Number(nanos > 0n ? (nanos + unit - 1n) / unit : nanos / unit);
}

function parse(text: string): Parsed {
  const match = pattern.exec(text);
  const [, sign = '', integer = '', fraction = '', exponent, suffix = ''] = match ?? [];
  if (match === null || integer + fraction === '') throw new Error(`${JSON.stringify(text)} is not a quantity`);
  const binary = suffix.endsWith('i');
  const power = exponent === undefined ? (decimalSuffixes.indexOf(suffix) - 3) * 3 : Number(exponent.slice(1));
  // Everything in nano units; digits beyond are rounded up, as Kubernetes does.
  let numerator = BigInt(integer + fraction);
  let denominator = 10n ** BigInt(fraction.length);
  if (binary) numerator *= 1024n ** BigInt(binarySuffixes.indexOf(suffix)) * 10n ** 9n;
  else if (power + 9 >= 0) numerator *= 10n ** BigInt(power + 9);
  else denominator *= 10n ** BigInt(-power - 9);
  const nanos = (numerator + denominator - 1n) / denominator;
  return {
    nanos: sign === '-' ? -nanos : nanos,
    family: binary ? 'binary' : exponent === undefined ? 'decimal' : 'exponent',
  };
}

function scale(amount: bigint, base: bigint, suffixes: readonly string[]): string {
  const { digits, steps } = reduce(amount, base, suffixes.length - 1);
  return `${digits}${suffixes[steps]}`;
}

/** Divides by the base as often as it goes without a rest. */
function reduce(amount: bigint, base: bigint, most: number): { readonly digits: bigint; readonly steps: number } {
  let digits = amount;
  let steps = 0;
  while (steps < most && digits % base === 0n) {
    digits /= base;
    steps += 1;
  }
  return { digits, steps };
}
