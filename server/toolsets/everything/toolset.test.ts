import { expect, test } from 'vitest';
import { testDispatch, testRequest } from '../../protocol/dispatch.testing.ts';
import { WAV } from './content.ts';
import { everything } from './toolset.ts';

test('the fixtures that the official suite looks for are all there, under its names', () => {
  const tools = everything.tools.map(({ name }) => name);
  const names = [
    'simple_text image_content audio_content embedded_resource multiple_content_types error_handling reconnection',
    'tool_with_logging tool_with_progress logging_tool sampling elicitation elicitation_sep1034_defaults',
    'elicitation_sep1330_enums x_mcp_header missing_capability streaming_elicitation trigger_tool_change',
    'trigger_prompt_change input_required_result_elicitation input_required_result_sampling',
    'input_required_result_list_roots input_required_result_request_state input_required_result_multiple_inputs',
    'input_required_result_multi_round input_required_result_tampered_state input_required_result_capabilities',
  ];
  expect(tools).toEqual(
    expect.arrayContaining(
      names
        .join(' ')
        .split(' ')
        .map((name) => `test_${name}`),
    ),
  );
  const others =
    'json_schema_2020_12_tool greet slow_compute failing_job protocol_error_job confirm_delete multi_input';
  expect(tools).toEqual(expect.arrayContaining([...others.split(' '), 'test_tool_with_task']));
  expect(everything.resources.map(({ uri }) => uri)).toEqual([
    'test://static-text',
    'test://static-binary',
    'test://watched-resource',
    'test://template/{id}/data',
  ]);
  for (const { description } of [...everything.tools, ...(everything.prompts ?? [])]) expect(description).not.toBe('');
});

test('the sound is a whole file of one sample', () => {
  const bytes = Buffer.from(WAV, 'base64');
  expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8);
  expect(bytes.toString('latin1', 8, 12)).toBe('WAVE');
});

test('the schema with every keyword is listed as it was written, and means what it says', async () => {
  const { dispatch } = testDispatch(everything, await everything.open({} as never));
  const listed = dispatch.table.tools.get('json_schema_2020_12_tool')?.listed.inputSchema;
  expect(listed).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: { address: { $anchor: 'addressDef', type: 'object' } },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    // oxlint-disable-next-line no-thenable
    then: { required: ['phone'] },
    additionalProperties: false,
  });
  const fails = async (given: object): Promise<boolean> => {
    const answer = await dispatch.callTool('json_schema_2020_12_tool', given, testRequest());
    return 'isError' in answer;
  };
  expect(await fails({ contactMethod: 'phone', phone: '1' })).toBe(false);
  expect(await fails({ email: 'a@b' })).toBe(false);
  expect(await fails({ contactMethod: 'phone', email: 'a@b' })).toBe(true);
  expect(await fails({})).toBe(true);
});
