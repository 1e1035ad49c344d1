<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\WordPress\Refused;

/** Terms of one taxonomy. Their id is that of the term, not that of its place in the taxonomy. */
final class TermKind implements Kind
{
    /** @var array<string, Field>|null */
    private ?array $fields = null;

    public function __construct(private readonly \wpdb $database, private readonly string $taxonomy, private readonly Meta $meta)
    {
    }

    public function name(): string
    {
        return "term.$this->taxonomy";
    }

    public function title(): string
    {
        return 'name';
    }

    public function uniques(): array
    {
        return [['slug']];
    }

    public function fields(): array
    {
        if ($this->fields === null) {
            $fields = [Field::key('term_id'), Field::text('name', 200), Field::text('slug', 200), Field::text('description')];
            if (is_taxonomy_hierarchical($this->taxonomy)) {
                $fields[] = Field::reference('parent', $this->name());
            }
            $this->fields = array_column($fields, null, 'name') + $this->meta->fields();
        }
        return $this->fields;
    }

    public function read(string $localId): ?array
    {
        $row = $this->row($localId);
        if ($row === null) {
            return null;
        }
        $values = ['term_id' => (int) $row->term_id, 'name' => (string) $row->name, 'slug' => (string) $row->slug, 'description' => (string) $row->description];
        if (isset($this->fields()['parent'])) {
            $parent = (int) $row->parent;
            $values['parent'] = $parent > 0 && $this->row((string) $parent) !== null ? $parent : null;
        }
        return $values + $this->meta->read((int) $row->term_id);
    }

    private function row(string $localId, string $lock = ''): ?object
    {
        [$terms, $taxonomies] = [$this->database->terms, $this->database->term_taxonomy];
        return $this->database->get_row($this->database->prepare(
            "SELECT t.term_id, t.name, t.slug, x.description, x.parent FROM `$terms` t JOIN `$taxonomies` x ON x.term_id = t.term_id WHERE t.term_id = %d AND x.taxonomy = %s $lock",
            (int) $localId,
            $this->taxonomy,
        ));
    }

    public function lock(string $localId): bool
    {
        $found = $this->row($localId, 'FOR UPDATE') !== null;
        clean_term_cache((int) $localId, $this->taxonomy);
        return $found;
    }

    public function write(?string $localId, array $values): string
    {
        $given = array_map(static fn (mixed $value): string|int => is_int($value) ? $value : (string) $value, array_intersect_key($values, array_flip(['name', 'slug', 'description', 'parent'])));
        if (array_key_exists('parent', $given)) {
            $given['parent'] = (int) $given['parent'];
        }
        if ($localId === null) {
            $name = (string) ($given['name'] ?? $given['slug'] ?? '');
            unset($given['name']);
            $answer = wp_insert_term(wp_slash($name), $this->taxonomy, wp_slash($given));
        } else {
            $answer = $given === [] ? ['term_id' => (int) $localId] : wp_update_term((int) $localId, $this->taxonomy, wp_slash($given));
        }
        if ($answer instanceof \WP_Error) {
            throw Refused::ofWordPress($answer);
        }
        $this->meta->write((int) $answer['term_id'], $values);
        return (string) $answer['term_id'];
    }

    public function delete(string $localId): void
    {
        $done = wp_delete_term((int) $localId, $this->taxonomy);
        if ($done === 0) {
            throw Refused::rejected('DEFAULT_TERM', 'the default term of a taxonomy cannot be deleted; choose another default first');
        }
        if ($done instanceof \WP_Error) {
            throw Refused::ofWordPress($done);
        }
    }

    public function find(array $values): array
    {
        $where = $parameters = [];
        foreach ($values as $name => $value) {
            if (!in_array($name, ['name', 'slug'], true) || !is_string($value) || $value === '') {
                return [];
            }
            $where[] = "t.`$name` = %s";
            $parameters[] = $value;
        }
        [$terms, $taxonomies] = [$this->database->terms, $this->database->term_taxonomy];
        return array_map('strval', $this->database->get_col($this->database->prepare(
            "SELECT t.term_id FROM `$terms` t JOIN `$taxonomies` x ON x.term_id = t.term_id WHERE x.taxonomy = %s AND " . implode(' AND ', $where) . ' ORDER BY t.term_id LIMIT 5',
            $this->taxonomy,
            ...$parameters,
        )));
    }

    public function page(string $after, int $limit): array
    {
        $taxonomies = $this->database->term_taxonomy;
        return array_map('strval', $this->database->get_col($this->database->prepare("SELECT term_id FROM `$taxonomies` WHERE taxonomy = %s AND term_id > %d ORDER BY term_id LIMIT %d", $this->taxonomy, (int) $after, $limit)));
    }

    public function finish(string $localId): void
    {
    }
}
