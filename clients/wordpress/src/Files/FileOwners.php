<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

use Cognate\WordPress\Capture;
use Cognate\WordPress\Kinds\Field;
use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Store\Inbox;

/** Captures records whose file has become another one without them: it was replaced under its name. */
final class FileOwners
{
    private const MOST = 20;

    public function __construct(
        private readonly \wpdb $database,
        private readonly Kinds $kinds,
        private readonly Inbox $inbox,
        private readonly Capture $capture,
    ) {
    }

    /** @return int how many are sent as they are now; none: those that lead to it were sent so already, or there are none */
    public function captureThoseOf(string $path): int
    {
        $captured = 0;
        foreach ($this->kinds->all() as $name => $kind) {
            foreach ($kind->fields() as $field) {
                foreach ($field->isFile ? $this->leadingTo($name, $field->metaKey, $path) : [] as $localId) {
                    $value = $kind->read($localId)[$field->name] ?? null;
                    $sent = $this->inbox->ofRecord($name, $localId)->base[$field->name] ?? '';
                    if ($value instanceof LocalFile && $value->path === $path && Field::fingerprint($value) !== $sent) {
                        $this->capture->mark($name, $localId);
                        $captured++;
                    }
                }
            }
        }
        $this->capture->release();
        return $captured;
    }

    /** @return list<string> local ids; some of another kind */
    private function leadingTo(string $kind, string $key, string $path): array
    {
        $type = match (explode('.', $kind)[0]) {
            'user' => 'user',
            'term' => 'term',
            default => 'post',
        };
        $table = $this->database->{"{$type}meta"};
        $uploads = wp_get_upload_dir();
        $statement = "SELECT DISTINCT {$type}_id FROM `$table` WHERE meta_key = %s AND meta_value IN (%s, %s, %s) LIMIT %d";
        return array_map('strval', $this->database->get_col($this->database->prepare($statement, $key, $path, "{$uploads['baseurl']}/$path", "{$uploads['basedir']}/$path", self::MOST)));
    }
}
