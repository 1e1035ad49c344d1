<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\V1\FieldType;
use Cognate\WordPress\Refused;

/** Comments on posts that travel; no pings, and what the reviews of a shop keep beside a comment does not go along. */
final class CommentKind implements Kind
{
    private const TEXTS = ['comment_author', 'comment_author_email', 'comment_author_url', 'comment_content', 'comment_approved'];
    private const APPROVED = ['0', '1', 'spam'];

    /** @param list<string> $types post types whose comments travel */
    public function __construct(private readonly \wpdb $database, private readonly array $types, private readonly bool $hasUsers)
    {
    }

    public function name(): string
    {
        return 'comment';
    }

    public function title(): string
    {
        return 'comment_author';
    }

    public function uniques(): array
    {
        return [];
    }

    public function fields(): array
    {
        $fields = [Field::key('comment_ID')];
        // Of several types the sync says which one it is, by a `reference` under a condition on the type.
        $fields[] = new Field('comment_post_ID', FieldType::FIELD_TYPE_INTEGER, false, count($this->types) === 1 ? "post.{$this->types[0]}" : '');
        $fields[] = new Field('comment_post_type', FieldType::FIELD_TYPE_TEXT, false, isGenerated: true);
        foreach (self::TEXTS as $name) {
            $fields[] = Field::text($name);
        }
        $fields[] = Field::time('comment_date_gmt');
        $fields[] = Field::reference('comment_parent', 'comment');
        if ($this->hasUsers) {
            $fields[] = Field::reference('user_id', 'user');
        }
        return array_column($fields, null, 'name');
    }

    public function read(string $localId): ?array
    {
        $row = $this->row($localId);
        if ($row === null || !in_array($row->comment_approved, self::APPROVED, true) || !in_array($row->comment_type, ['', 'comment'], true) || !in_array($row->post_type, $this->types, true)) {
            return null;
        }
        $values = ['comment_ID' => (int) $row->comment_ID, 'comment_post_ID' => (int) $row->comment_post_ID, 'comment_post_type' => (string) $row->post_type];
        foreach (self::TEXTS as $name) {
            $values[$name] = (string) $row->{$name};
        }
        $parent = (int) $row->comment_parent;
        return array_intersect_key($values + [
            'comment_date_gmt' => new \DateTimeImmutable((string) $row->comment_date_gmt, new \DateTimeZone('UTC')),
            'comment_parent' => $parent > 0 && $this->row((string) $parent) !== null ? $parent : null,
            'user_id' => $row->user === null ? null : (int) $row->user,
        ], $this->fields());
    }

    private function row(string $localId, string $lock = ''): ?object
    {
        [$comments, $posts, $users] = [$this->database->comments, $this->database->posts, $this->database->users];
        return $this->database->get_row($this->database->prepare(
            "SELECT c.*, p.post_type, u.ID AS user FROM `$comments` c JOIN `$posts` p ON p.ID = c.comment_post_ID LEFT JOIN `$users` u ON u.ID = c.user_id WHERE c.comment_ID = %d $lock",
            (int) $localId,
        ));
    }

    public function lock(string $localId): bool
    {
        $comments = $this->database->comments;
        $found = $this->database->get_var($this->database->prepare("SELECT comment_ID FROM `$comments` WHERE comment_ID = %d FOR UPDATE", (int) $localId)) !== null;
        clean_comment_cache((int) $localId);
        return $found;
    }

    public function write(?string $localId, array $values): string
    {
        $given = array_map('strval', array_intersect_key($values, array_flip(self::TEXTS)));
        if (isset($given['comment_approved']) && !in_array($given['comment_approved'], self::APPROVED, true)) {
            throw Refused::rejected('INVALID_VALUE', 'comment_approved is 0, 1 or spam', 'comment_approved');
        }
        foreach (['comment_post_ID', 'comment_parent', 'user_id'] as $name) {
            if (array_key_exists($name, $values)) {
                $given[$name] = (int) $values[$name];
            }
        }
        if (($values['comment_date_gmt'] ?? null) instanceof \DateTimeImmutable) {
            $given['comment_date_gmt'] = $values['comment_date_gmt']->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d H:i:s');
            $given['comment_date'] = get_date_from_gmt($given['comment_date_gmt']);
        }
        if ($localId !== null) {
            $answer = $given === [] ? 1 : wp_update_comment(wp_slash(['comment_ID' => (int) $localId] + $given), true);
            return $answer instanceof \WP_Error ? throw Refused::ofWordPress($answer) : $localId;
        }
        if (get_post($given['comment_post_ID'] ?? 0) === null) {
            throw Refused::failed('POST_NOT_FOUND', 'the post that the comment belongs to is not here', 'comment_post_ID');
        }
        $id = wp_insert_comment(wp_slash($given));
        return $id === false ? throw Refused::failed('DATABASE_FAILED', 'WordPress could not write it') : (string) $id;
    }

    public function delete(string $localId): void
    {
        if (!wp_delete_comment((int) $localId, true)) {
            throw Refused::failed('REFUSED_BY_WORDPRESS', 'WordPress, or a plugin of it, did not let the comment be deleted');
        }
    }

    public function find(array $values): array
    {
        return [];
    }

    public function page(string $after, int $limit): array
    {
        $comments = $this->database->comments;
        return array_map('strval', $this->database->get_col($this->database->prepare("SELECT comment_ID FROM `$comments` WHERE comment_ID > %d ORDER BY comment_ID LIMIT %d", (int) $after, $limit)));
    }

    public function finish(string $localId): void
    {
    }
}
