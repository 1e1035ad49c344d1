<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\V1\FieldType;
use Cognate\WordPress\Refused;

/** Posts of one type, with the terms, the featured image and the meta that belong to them. */
class PostKind implements Kind
{
    /** Columns that are written as they are. */
    protected const TEXTS = ['post_title', 'post_content', 'post_excerpt', 'post_status', 'post_name', 'comment_status', 'ping_status'];
    private const LENGTHS = ['post_status' => 20, 'post_name' => 200, 'comment_status' => 20, 'ping_status' => 20];
    private const NO_STATUS = ['trash', 'auto-draft', 'inherit', 'new'];
    private const NO_TIME = '0000-00-00 00:00:00';

    /** @var array<string, Field>|null */
    private ?array $fields = null;

    /**
     * @param list<string> $statuses that travel
     * @param list<string> $taxonomies whose terms travel with it
     * @param list<string> $types post types that travel
     * @param bool $trashes whether a delete of elsewhere is the trash here
     */
    public function __construct(
        protected readonly \wpdb $database,
        protected readonly string $type,
        protected readonly Meta $meta,
        protected readonly array $statuses,
        private readonly array $taxonomies,
        protected readonly array $types,
        private readonly bool $hasUsers,
        protected readonly bool $trashes,
    ) {
    }

    public function name(): string
    {
        return "post.$this->type";
    }

    public function title(): string
    {
        return 'post_title';
    }

    public function uniques(): array
    {
        return [['post_name']];
    }

    public function fields(): array
    {
        return $this->fields ??= $this->makeFields();
    }

    /** @return array<string, Field> */
    protected function makeFields(): array
    {
        $fields = [Field::key('ID')];
        foreach (self::TEXTS as $name) {
            $fields[] = Field::text($name, self::LENGTHS[$name] ?? 0);
        }
        $fields[] = Field::time('post_date_gmt');
        $fields[] = Field::time('post_modified_gmt', true);
        $fields[] = new Field('menu_order', FieldType::FIELD_TYPE_INTEGER, false);
        if ($this->hasUsers) {
            $fields[] = Field::reference('post_author', 'user');
        }
        if (is_post_type_hierarchical($this->type)) {
            $fields[] = Field::reference('post_parent', $this->name());
        }
        if ($this->type !== 'attachment' && in_array('attachment', $this->types, true)) {
            $fields[] = Field::reference('featured_image', 'post.attachment');
        }
        if ($this->type === 'post') {
            $fields[] = new Field('sticky', FieldType::FIELD_TYPE_BOOL, false);
        }
        foreach ($this->ownTaxonomies() as $taxonomy) {
            $fields[] = Field::references("terms_$taxonomy", "term.$taxonomy");
        }
        return array_column($fields, null, 'name') + $this->meta->fields();
    }

    /** @return list<string> */
    public function ownTaxonomies(): array
    {
        return array_values(array_filter($this->taxonomies, fn (string $taxonomy): bool => is_object_in_taxonomy($this->type, $taxonomy)));
    }

    public function read(string $localId): ?array
    {
        $row = $this->row($localId);
        return $row === null || !$this->travels($row) ? null : $this->values($row);
    }

    protected function travels(object $row): bool
    {
        return in_array($row->post_status, $this->statuses, true);
    }

    protected function row(string $localId, string $lock = ''): ?object
    {
        $posts = $this->database->posts;
        return $this->database->get_row($this->database->prepare("SELECT * FROM `$posts` WHERE ID = %d AND post_type = %s $lock", (int) $localId, $this->type));
    }

    /** @return array<string, mixed> */
    protected function values(object $row): array
    {
        $id = (int) $row->ID;
        $values = ['ID' => $id, 'menu_order' => (int) $row->menu_order];
        foreach (self::TEXTS as $name) {
            $values[$name] = (string) $row->{$name};
        }
        foreach (['post_date_gmt', 'post_modified_gmt'] as $name) {
            $values[$name] = self::time((string) $row->{$name});
        }
        if ($this->hasUsers) {
            $users = $this->database->users;
            $author = $this->database->get_var($this->database->prepare("SELECT ID FROM `$users` WHERE ID = %d", (int) $row->post_author));
            $values['post_author'] = $author === null ? null : (int) $author;
        }
        $extra = $this->meta->rows($id, ['_thumbnail_id']);
        $values['post_parent'] = $this->other((int) $row->post_parent, $this->type);
        $values['featured_image'] = $this->other((int) ($extra['_thumbnail_id'][0] ?? 0), 'attachment');
        $values['sticky'] = in_array($id, array_map('intval', (array) get_option('sticky_posts', [])), true);
        foreach ($this->ownTaxonomies() as $taxonomy) {
            $values["terms_$taxonomy"] = $this->terms($id, $taxonomy);
        }
        $values += $this->meta->read($id);
        // In the order of the catalogue, and nothing that is not in it.
        return array_replace(array_intersect_key($this->fields(), $values), array_intersect_key($values, $this->fields()));
    }

    private static function time(string $stored): ?\DateTimeImmutable
    {
        return $stored === self::NO_TIME || $stored === '' ? null : new \DateTimeImmutable($stored, new \DateTimeZone('UTC'));
    }

    /** Another post that this one refers to; null where that is gone, or does not travel: what refers to it would wait for ever. */
    private function other(int $id, string $type): ?int
    {
        if ($id <= 0) {
            return null;
        }
        $posts = $this->database->posts;
        $statuses = $type === 'attachment' ? ['inherit', 'private', 'publish'] : $this->statuses;
        $list = implode(', ', array_fill(0, count($statuses), '%s'));
        $found = $this->database->get_var($this->database->prepare("SELECT ID FROM `$posts` WHERE ID = %d AND post_type = %s AND post_status IN ($list)", $id, $type, ...$statuses));
        return $found === null ? null : (int) $found;
    }

    /** @return list<int> */
    private function terms(int $id, string $taxonomy): array
    {
        [$relations, $taxonomies] = [$this->database->term_relationships, $this->database->term_taxonomy];
        return array_map('intval', $this->database->get_col($this->database->prepare(
            "SELECT t.term_id FROM `$relations` r JOIN `$taxonomies` t ON t.term_taxonomy_id = r.term_taxonomy_id WHERE r.object_id = %d AND t.taxonomy = %s ORDER BY t.term_id",
            $id,
            $taxonomy,
        )));
    }

    public function lock(string $localId): bool
    {
        $found = $this->row($localId, 'FOR UPDATE') !== null;
        clean_post_cache((int) $localId);
        return $found;
    }

    public function write(?string $localId, array $values): string
    {
        $id = (int) $localId;
        if ($id > 0 && get_post_status($id) === 'trash') {
            wp_untrash_post($id);
        }
        $columns = $this->columns($values, $id === 0);
        if ($columns !== [] || $id === 0) {
            $answer = $id === 0 ? $this->insert($columns, $values) : wp_update_post(wp_slash(['ID' => $id, 'edit_date' => true] + $columns), true);
            if ($answer instanceof \WP_Error) {
                throw Refused::ofWordPress($answer);
            }
            $id = (int) $answer;
        }
        $this->writeMore($id, $values);
        clean_post_cache($id);
        return (string) $id;
    }

    /** @param array<string, mixed> $columns @param array<string, mixed> $values */
    protected function insert(array $columns, array $values): int|\WP_Error
    {
        return wp_insert_post(wp_slash($columns + ['post_type' => $this->type, 'post_status' => 'draft']), true);
    }

    /** @param array<string, mixed> $values @return array<string, mixed> */
    protected function columns(array $values, bool $isNew): array
    {
        $columns = array_map('strval', array_intersect_key($values, array_flip(self::TEXTS)));
        $status = $columns['post_status'] ?? null;
        if ($status !== null && (in_array($status, self::NO_STATUS, true) || get_post_status_object($status) === null)) {
            throw Refused::rejected('INVALID_VALUE', 'post_status is none that a post can be given here', 'post_status');
        }
        foreach (['post_author', 'post_parent', 'menu_order'] as $name) {
            if (array_key_exists($name, $values)) {
                $columns[$name] = (int) $values[$name];
            }
        }
        $time = $values['post_date_gmt'] ?? null;
        if ($time instanceof \DateTimeImmutable) {
            $columns['post_date_gmt'] = $time->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d H:i:s');
            $columns['post_date'] = get_date_from_gmt($columns['post_date_gmt']);
        }
        return $columns;
    }

    /** @param array<string, mixed> $values */
    private function writeMore(int $id, array $values): void
    {
        foreach ($this->ownTaxonomies() as $taxonomy) {
            if (array_key_exists("terms_$taxonomy", $values)) {
                $set = wp_set_object_terms($id, $values["terms_$taxonomy"] ?? [], $taxonomy);
                if ($set instanceof \WP_Error) {
                    throw Refused::ofWordPress($set);
                }
            }
        }
        if (array_key_exists('featured_image', $values)) {
            $values['featured_image'] === null ? delete_post_meta($id, '_thumbnail_id') : update_post_meta($id, '_thumbnail_id', $values['featured_image']);
        }
        if (array_key_exists('sticky', $values) && $values['sticky'] !== is_sticky($id)) {
            $values['sticky'] ? stick_post($id) : unstick_post($id);
        }
        $this->meta->write($id, $values);
    }

    public function delete(string $localId): void
    {
        $id = (int) $localId;
        if (get_post_status($id) === 'trash' && $this->trashes) {
            return;
        }
        $done = $this->trashes ? wp_trash_post($id) : wp_delete_post($id, true);
        if (!$done) {
            throw Refused::failed('REFUSED_BY_WORDPRESS', 'WordPress, or a plugin of it, did not let the post be deleted');
        }
    }

    public function find(array $values): array
    {
        $where = $parameters = [];
        foreach ($values as $name => $value) {
            if (!in_array($name, self::TEXTS, true) || !is_string($value) || $value === '') {
                return [];
            }
            $where[] = "`$name` = %s";
            $parameters[] = $value;
        }
        $posts = $this->database->posts;
        return array_map('strval', $this->database->get_col($this->database->prepare(
            "SELECT ID FROM `$posts` WHERE post_type = %s AND post_status NOT IN ('trash', 'auto-draft') AND " . implode(' AND ', $where) . ' ORDER BY ID LIMIT 5',
            $this->type,
            ...$parameters,
        )));
    }

    public function page(string $after, int $limit): array
    {
        $posts = $this->database->posts;
        $list = implode(', ', array_fill(0, count($this->statuses), '%s'));
        return array_map('strval', $this->database->get_col($this->database->prepare(
            "SELECT ID FROM `$posts` WHERE post_type = %s AND ID > %d AND post_status IN ($list) ORDER BY ID LIMIT %d",
            $this->type,
            (int) $after,
            ...[...$this->statuses, $limit],
        )));
    }

    public function finish(string $localId): void
    {
    }
}
