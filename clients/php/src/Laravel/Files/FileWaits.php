<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Settings;
use Illuminate\Database\Query\Builder;

/** Files that records of here lead to and that were not sent: those that are not there yet, and those that may not leave. */
final class FileWaits
{
    public const TABLE = 'cognate_file_waits';
    public const ABSENT = 'FILE_NOT_THERE';
    private const LONGEST_PAUSE = 3600;

    public function __construct(private readonly Settings $settings)
    {
    }

    /**
     * What is missing of a record, now that it is sent.
     *
     * @param array<string, list<array{field: string, disk: string, path: string, reason: string, message: string}>> $missing by `model\0local id`
     */
    public function replace(array $missing): void
    {
        $records = [];
        foreach ($missing as $record => $files) {
            $records[hash('sha256', (string) $record)] = [(string) $record, $files];
        }
        foreach (array_chunk($records, 500, true) as $some) {
            $known = [];
            foreach ($this->table()->whereIn('record', array_map('strval', array_keys($some)))->get() as $row) {
                $known[$row->name] = $row;
            }
            $new = [];
            foreach ($some as $hash => [$record, $files]) {
                [$model, $localId] = explode("\0", $record, 2);
                foreach ($files as $file) {
                    $name = hash('sha256', "$record\0{$file['field']}\0{$file['disk']}\0{$file['path']}");
                    if (!isset($known[$name])) {
                        $new[] = ['name' => $name, 'record' => (string) $hash, 'model' => $model, 'local_id' => $localId, 'next_look' => self::next(0), 'looks' => 0] + $file;
                    }
                    unset($known[$name]);
                }
            }
            foreach (array_chunk($new, 50) as $rows) {
                $this->table()->insertOrIgnore($rows);
            }
            if ($known !== []) {
                $this->table()->whereIn('name', array_keys($known))->delete();
            }
        }
    }

    /** @return list<object> files that may be there by now */
    public function due(int $limit): array
    {
        return $this->table()->where('reason', self::ABSENT)->where('next_look', '<=', (int) (microtime(true) * 1_000_000))->orderBy('next_look')->limit($limit)->get()->all();
    }

    public function later(object $row): void
    {
        $this->table()->where('id', $row->id)->update(['looks' => (int) $row->looks + 1, 'next_look' => self::next((int) $row->looks + 1)]);
    }

    public function remove(object $row): void
    {
        $this->table()->where('id', $row->id)->delete();
    }

    /** @return array{absent: int, refused: int, why: list<string>} */
    public function count(): array
    {
        $why = [];
        foreach ($this->table()->orderBy('id')->limit(5)->get() as $row) {
            $why[] = "$row->model $row->local_id, $row->field: $row->message";
        }
        return [
            'absent' => $this->table()->where('reason', self::ABSENT)->count(),
            'refused' => $this->table()->where('reason', '!=', self::ABSENT)->count(),
            'why' => $why,
        ];
    }

    private static function next(int $looks): int
    {
        return (int) ((microtime(true) + min(self::LONGEST_PAUSE, 0.5 * 2 ** min($looks, 20))) * 1_000_000);
    }

    private function table(): Builder
    {
        return $this->settings->connection()->table(self::TABLE)->useWritePdo();
    }
}
