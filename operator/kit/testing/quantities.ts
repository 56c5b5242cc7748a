/**
 * Quantities as given and as Kubernetes v1.36 stores them; the API tests hold the table against the real thing.
 */
export const storedQuantities: readonly (readonly [given: string, stored: string])[] = [
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['2', '2'],
  ['2.0', '2'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Gi', '512Mi'],
  ['512', '512'],
  ['1000Ki', '1000Ki'],
  ['1024', '1024'],
  ['1000', '1k'],
  ['1000k', '1M'],
  ['128974848', '128974848'],
  ['129e6', '129e6'],
  ['1e3', '1e3'],
  ['0', '0'],
  ['0Mi', '0'],
  ['-0.5', '-500m'],
  ['0.0000000001', '1m'],
  ['.5', '500m'],
  ['0.5Ki', '512'],
  ['1Ki', '1Ki'],
];
