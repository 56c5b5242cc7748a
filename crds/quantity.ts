/**
 * Quantities as the API writes them (`500m`, `1.5`, `1Gi`) as plain numbers: cores,
 * bytes, devices. The one parser for the operator, the server and the validation rules.
 */
const FACTOR: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** The number that a quantity accepted by the schema stands for. */
export function amount(text: string): number {
  const number = Number.parseFloat(text);
  return number * (FACTOR[text.replace(/^[0-9.]+/, '')] ?? 1);
}
