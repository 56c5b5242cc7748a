/** The smallest contents of each kind that the fixtures show: a picture of one red point, a sound of one sample, bytes. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

/** A RIFF header and one silent sample: 8 bits, 8 kHz, one channel. */
const wav = (): string => {
  const bytes = Buffer.alloc(45, 0x80);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(37, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(8_000, 24);
  bytes.writeUInt32LE(8_000, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(1, 40);
  return bytes.toString('base64');
};
export const WAV = wav();

export const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const;
export const audio = { type: 'audio', data: WAV, mimeType: 'audio/wav' } as const;
export const text = (value: string) => ({ type: 'text', text: value }) as const;
