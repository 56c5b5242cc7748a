/**
 * Any image that speaks the backend's protocol. It is started as it is; PORT and
 * MODEL_PATH tell it what the spec says.
 */
import { downloadCredentials, type Engine, modelPath } from './engine.ts';

export const custom: Engine = (managed) => {
  if (managed.port === undefined) throw new TypeError('a Custom engine without port cannot have been accepted');
  const path = modelPath(managed.source) ?? managed.source?.uri;
  return {
    args: [],
    port: managed.port,
    env: [
      { name: 'PORT', value: String(managed.port) },
      ...(path === undefined ? [] : [{ name: 'MODEL_PATH', value: path }]),
      ...downloadCredentials(managed.source),
    ],
    // Nothing is known of its paths; that the model answers is for the prober to find out.
    probe: { tcpSocket: { port: 'http' } },
  };
};
