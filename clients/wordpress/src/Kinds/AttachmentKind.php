<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\V1\FieldType;
use Cognate\WordPress\Files\FileIndex;
use Cognate\WordPress\Files\Uploads;
use Cognate\WordPress\Refused;

/** The media library: posts that stand for one file of the uploads. */
final class AttachmentKind extends PostKind
{
    /** Set in the transaction of the record, until its pictures in other sizes are made. */
    public const UNFINISHED = '_cognate_unfinished';
    /** A picture at which PHP runs out of memory ends each worker that tries. */
    private const ATTEMPTS = 3;

    public function __construct(\wpdb $database, private readonly FileIndex $files, Meta $meta, bool $hasUsers)
    {
        parent::__construct($database, 'attachment', $meta, ['inherit', 'private', 'publish'], [], ['attachment'], $hasUsers, defined('MEDIA_TRASH') && MEDIA_TRASH);
    }

    public function uniques(): array
    {
        return [['post_name'], ['file']];
    }

    protected function makeFields(): array
    {
        $file = new Field('file', FieldType::FIELD_TYPE_TEXT, true, isFile: true, metaKey: '_wp_attached_file');
        $more = [$file, Field::text('alt'), new Field('post_mime_type', FieldType::FIELD_TYPE_TEXT, false, isGenerated: true, maxLength: 100)];
        $fields = parent::makeFields();
        unset($fields['post_status']);
        return $fields + array_column($more, null, 'name');
    }

    protected function values(object $row): array
    {
        $stored = $this->meta->rows((int) $row->ID, ['_wp_attached_file', '_wp_attachment_image_alt']);
        $file = isset($stored['_wp_attached_file']) ? $this->files->at($stored['_wp_attached_file'][0]) : null;
        // One that was lost here is no edit of here: nothing is said of it, and others keep what they have.
        return parent::values($row) + ($file === null && isset($stored['_wp_attached_file']) ? [] : ['file' => $file]) + [
            'alt' => $stored['_wp_attachment_image_alt'][0] ?? '',
            'post_mime_type' => (string) $row->post_mime_type,
        ];
    }

    protected function insert(array $columns, array $values): int|\WP_Error
    {
        $path = (string) ($values['file'] ?? '');
        if ($path === '') {
            throw Refused::rejected('FILE_MISSING', 'an attachment needs its file; map the field `file` in the sync, as a file', 'file');
        }
        $columns['guid'] = wp_get_upload_dir()['baseurl'] . "/$path";
        return wp_insert_attachment(wp_slash($columns + ['post_mime_type' => (string) wp_check_filetype(basename($path))['type']]), false, 0, true);
    }

    protected function columns(array $values, bool $isNew): array
    {
        return parent::columns($values, $isNew) + ['post_status' => 'inherit'];
    }

    public function write(?string $localId, array $values): string
    {
        $path = $values['file'] ?? null;
        if ($path !== null) {
            $absolute = Uploads::absolute((string) $path);
            if ($absolute === null || !is_file($absolute)) {
                throw Refused::failed('FILE_NOT_FOUND', 'the file is not among the uploads' . ($absolute !== null && $this->files->miss((string) $path)
                    ? ' any more, and is fetched again'
                    : ', and it is not known here what it was: put it back'), 'file');
            }
        }
        $id = parent::write($localId, $values);
        if ($path !== null && get_post_meta((int) $id, '_wp_attached_file', true) !== $path) {
            update_post_meta((int) $id, '_wp_attached_file', wp_slash($path));
            update_post_meta((int) $id, self::UNFINISHED, '1');
        }
        if (array_key_exists('alt', $values)) {
            update_post_meta((int) $id, '_wp_attachment_image_alt', wp_slash((string) $values['alt']));
        }
        return $id;
    }

    public function delete(string $localId): void
    {
        $id = (int) $localId;
        $path = (string) get_post_meta($id, '_wp_attached_file', true);
        // The same content under the same name is one file, however many attachments lead to it.
        $isShared = $path !== '' && count($this->find(['file' => $path])) > 1;
        $keep = static fn (): string => '';
        $isShared && add_filter('wp_delete_file', $keep, PHP_INT_MAX);
        try {
            if (!wp_delete_attachment($id, !$this->trashes)) {
                throw Refused::failed('REFUSED_BY_WORDPRESS', 'WordPress, or a plugin of it, did not let the attachment be deleted');
            }
        } finally {
            remove_filter('wp_delete_file', $keep, PHP_INT_MAX);
        }
    }

    public function find(array $values): array
    {
        if (array_keys($values) !== ['file']) {
            return parent::find($values);
        }
        $meta = $this->database->postmeta;
        $path = $values['file'] instanceof \Cognate\WordPress\Files\LocalFile ? $values['file']->path : (string) $values['file'];
        return array_map('strval', $this->database->get_col($this->database->prepare("SELECT post_id FROM `$meta` WHERE meta_key = '_wp_attached_file' AND meta_value = %s ORDER BY post_id LIMIT 5", $path)));
    }

    /** @return list<string> attachments whose worker died before their pictures were made */
    public function unfinished(int $limit): array
    {
        $meta = $this->database->postmeta;
        return array_map('strval', $this->database->get_col($this->database->prepare("SELECT post_id FROM `$meta` WHERE meta_key = %s LIMIT %d", self::UNFINISHED, $limit)));
    }

    public function finish(string $localId): void
    {
        $id = (int) $localId;
        $attempt = (int) get_post_meta($id, self::UNFINISHED, true);
        if ($attempt === 0) {
            return;
        }
        if ($attempt > self::ATTEMPTS) {
            delete_post_meta($id, self::UNFINISHED);
            return;
        }
        update_post_meta($id, self::UNFINISHED, (string) ($attempt + 1));
        require_once ABSPATH . 'wp-admin/includes/image.php';
        require_once ABSPATH . 'wp-admin/includes/file.php';
        require_once ABSPATH . 'wp-admin/includes/media.php';
        $file = get_attached_file($id);
        if (is_string($file) && is_file($file)) {
            wp_update_attachment_metadata($id, wp_generate_attachment_metadata($id, $file));
        }
        delete_post_meta($id, self::UNFINISHED);
    }
}
