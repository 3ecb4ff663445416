import { createHash } from 'node:crypto';

const MARK = '"image_url"';

/**
 * A chat request with text in the place of its images: another one for each content, the same for the same, so that the cache tells them apart as a
 * model's would. Unchanged without images.
 */
export function withoutImages(body: Buffer): Buffer {
  if (!body.includes(MARK)) return body;
  return Buffer.from(
    JSON.stringify(JSON.parse(body.toString('utf8'), (_key, value: unknown) => placeholder(value))),
  );
}

function placeholder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'image_url')
    return value;
  const content = 'image_url' in value ? JSON.stringify(value.image_url) : '';
  return { type: 'text', text: `<image ${createHash('sha256').update(content).digest('hex')}>` };
}
