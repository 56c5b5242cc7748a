/** Tools that give each kind of content, and one that fails. */
import { ToolError } from '../../toolset.ts';
import { audio, image, text } from '../content.ts';
import { fixture } from '../define.ts';

export const contentTools = [
  fixture('test_simple_text', 'Text', 'Gives a short text.', () => 'This is a simple text response for testing.'),
  fixture('test_image_content', 'Picture', 'Gives a picture of one point.', () => [image]),
  fixture('test_audio_content', 'Sound', 'Gives a sound of one sample.', () => [audio]),
  fixture('test_embedded_resource', 'Embedded resource', 'Gives a resource within its answer.', () => [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ]),
  fixture('test_multiple_content_types', 'Several contents', 'Gives a text, a picture and a resource.', () => [
    text('Multiple content types test:'),
    image,
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: JSON.stringify({ test: 'data', value: 123 }),
      },
    },
  ]),
  fixture('test_error_handling', 'Failure', 'Fails always.', () => {
    throw new ToolError('This tool intentionally returns an error for testing');
  }),
];
