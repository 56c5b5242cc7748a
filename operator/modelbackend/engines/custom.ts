/**
 * Any image that speaks the backend's protocol. It is started as it is; PORT, MODEL_PATH and API_KEY tell it what the
 * spec says.
 */
import { apiKey, download, type Engine, modelPath } from './engine.ts';

export const custom: Engine = ({ managed, auth }) => {
  if (managed.port === undefined) throw new TypeError('a Custom engine without port cannot have been accepted');
  const model = modelPath(managed.source) ?? managed.source?.uri;
  return {
    args: [],
    port: managed.port,
    env: [
      { name: 'PORT', value: String(managed.port) },
      ...(model === undefined ? [] : [{ name: 'MODEL_PATH', value: model }]),
      ...apiKey('API_KEY', auth),
      ...download(managed.source),
    ],
    // Nothing is known of its paths.
    probe: { tcpSocket: { port: 'http' } },
  };
};
