<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Settings;
use Illuminate\Database\Query\Builder;

/**
 * What the worker knows of files: their hashes as of when it read them, uploads that are under way, and drafts that it has begun. Lost,
 * it costs that files are read once more.
 */
final class KnownFiles
{
    public const TABLE = 'cognate_files';

    public function __construct(private readonly Settings $settings)
    {
    }

    public function find(string $disk, string $path): ?object
    {
        return $this->table()->where('name', self::name($disk, $path))->first();
    }

    /** @return list<object> */
    public function ofHash(string $sha256): array
    {
        return $this->table()->where('sha256', $sha256)->orderBy('id')->limit(20)->get()->all();
    }

    /** @return list<object> on whichever disk */
    public function ofPath(string $path): array
    {
        return $this->table()->where('path_name', hash('sha256', $path))->orderBy('id')->limit(20)->get()->all();
    }

    /** What was read, and how the file stood. */
    public function read(string $disk, string $path, string $stamp, string $sha256, int $size): void
    {
        $this->put($disk, $path, ['stamp' => $stamp, 'sha256' => $sha256, 'size' => $size, 'upload' => null]);
    }

    /** It was read again, and is what it was. */
    public function settled(object $row, string $stamp): void
    {
        $this->table()->where('id', $row->id)->update(['stamp' => $stamp]);
    }

    public function gone(string $disk, string $path): void
    {
        $this->table()->where('name', self::name($disk, $path))->whereNull('draft')->delete();
    }

    /** It has to be read again. */
    public function doubt(object $row): void
    {
        $this->table()->where('id', $row->id)->update(['stamp' => '', 'upload' => null]);
    }

    public function uploading(object $row, ?string $upload): void
    {
        $this->table()->where('id', $row->id)->update(['upload' => $upload]);
    }

    /** A draft for it is about to be made. */
    public function drafting(string $disk, string $path, string $sha256, int $size): void
    {
        $this->put($disk, $path, ['draft' => $sha256, 'size' => $size]);
    }

    public function undrafted(string $disk, string $path): void
    {
        $this->table()->where('name', self::name($disk, $path))->update(['draft' => null]);
    }

    /** It is in its place. */
    public function placed(string $disk, string $path, string $stamp, string $sha256, int $size): void
    {
        $this->put($disk, $path, ['stamp' => $stamp, 'sha256' => $sha256, 'size' => $size, 'draft' => null, 'attempts' => 0, 'next_attempt' => 0, 'error' => null]);
    }

    /** @return list<object> */
    public function drafts(): array
    {
        return $this->table()->whereNotNull('draft')->orderBy('id')->limit(1000)->get()->all();
    }

    /** @return float seconds until it is tried again */
    public function failed(string $disk, string $path, string $why): float
    {
        $attempts = (int) ($this->find($disk, $path)->attempts ?? 0) + 1;
        $seconds = min(600.0, 2.0 ** min($attempts, 10));
        $this->put($disk, $path, ['attempts' => $attempts, 'next_attempt' => (int) ((microtime(true) + $seconds) * 1_000_000), 'error' => mb_substr($why, 0, 500)]);
        return $seconds;
    }

    public static function isDue(?object $row): bool
    {
        return $row === null || (int) $row->next_attempt <= (int) (microtime(true) * 1_000_000);
    }

    /** @return array{uploading: int, fetching: int} */
    public function count(): array
    {
        return ['uploading' => $this->table()->whereNotNull('upload')->count(), 'fetching' => $this->table()->whereNotNull('draft')->count()];
    }

    /** @param array<string, mixed> $values */
    private function put(string $disk, string $path, array $values): void
    {
        $row = ['name' => self::name($disk, $path), 'path_name' => hash('sha256', $path), 'disk' => $disk, 'path' => $path] + $values;
        $this->table()->upsert([$row], ['name'], array_keys($values));
    }

    private function table(): Builder
    {
        return $this->settings->connection()->table(self::TABLE)->useWritePdo();
    }

    private static function name(string $disk, string $path): string
    {
        return hash('sha256', "$disk\0$path");
    }
}
