<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Closure;
use Cognate\Laravel\Definition;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\ErrorReport;
use Cognate\Laravel\Exceptions\DeliveryRejected;
use Cognate\V1\Delivery;
use Illuminate\Database\Eloquent\Model;

/** Files of records that are delivered: their paths are looked at before anything is written, and the files are where the fields want them. */
final class IncomingFiles
{
    public function __construct(
        private readonly Definitions $definitions,
        private readonly FileResolvers $resolvers,
        private readonly Disks $disks,
        private readonly KnownFiles $known,
        private readonly Fetcher $fetcher,
        private readonly FileSettings $settings,
        private readonly ErrorReport $errors,
    ) {
    }

    /**
     * Before the transactions: files that lie on another disk than their field's, or were lost here, are brought there.
     *
     * @param list<Delivery> $deliveries
     * @param Closure(): bool $mayGoOn
     */
    public function prepare(array $deliveries, Closure $mayGoOn): void
    {
        foreach ($deliveries as $delivery) {
            $definition = $this->definitions->named($delivery->getModel());
            $fields = $definition === null ? [] : $this->resolvers->fields($definition);
            foreach ($fields === [] ? [] : $delivery->getFields() as $value) {
                $field = $fields[$value->getName()] ?? null;
                if ($field === null || !$value->getValue()?->hasTextValue()) {
                    continue;
                }
                foreach (self::paths($value->getValue()->getTextValue()) as $path) {
                    try {
                        $this->bring($field->isColumn() ? $field->disk : $this->settings->staging, $path, $mayGoOn);
                    } catch (FileRefused $refused) {
                        $this->errors->tell(FilePaths::shown($path) . ' was not put on its disk', $refused);
                    }
                }
            }
        }
    }

    /**
     * What the columns are to have; `$beside` gets what is no column.
     *
     * @param array<string, mixed> $attributes raw
     * @param array<string, list<FileRef>> $beside by field
     * @return array<string, mixed>
     * @throws DeliveryRejected
     */
    public function attributes(Definition $definition, array $attributes, array &$beside): array
    {
        foreach (array_intersect_key($this->resolvers->fields($definition), $attributes) as $name => $field) {
            $paths = is_string($attributes[$name]) ? self::paths($attributes[$name]) : [];
            foreach ($paths as $path) {
                if (!FilePaths::isInside($path) && !FilePaths::isAddress($path)) {
                    throw new DeliveryRejected('FILE_OUTSIDE_PLACE', 'got ' . FilePaths::shown($path) . ", which leads out of the disk $field->disk", (string) $name);
                }
            }
            if (!$field->isColumn()) {
                $beside[$name] = $this->refs($paths);
                unset($attributes[$name]);
            } elseif ($paths !== []) {
                $attributes[$name] = $this->resolvers->for($definition->class, $field)->value($field, $paths);
            }
        }
        return $attributes;
    }

    /** @param array<string, list<FileRef>> $beside by field */
    public function attach(Definition $definition, Model $record, array $beside): void
    {
        $fields = $this->resolvers->fields($definition);
        foreach ($beside as $name => $files) {
            $this->resolvers->for($definition->class, $fields[$name])->attach($fields[$name], $record, $files);
        }
    }

    private function bring(string $name, string $path, Closure $mayGoOn): void
    {
        if (!FilePaths::isInside($path)) {
            return;
        }
        $disk = $this->disks->get($name);
        if ($disk->stat($path) !== null) {
            return;
        }
        foreach ($this->known->ofPath($path) as $row) {
            if ($row->sha256 === null || $row->disk === '') {
                continue;
            }
            $source = $row->disk === $name ? null : $this->disks->get($row->disk)->open($row->path);
            $isThere = $source === null
                ? $this->fetcher->again(new FileRef($name, $path), $row->sha256, (int) $row->size, $mayGoOn)
                : $this->fetcher->copy(new FileRef($name, $path), $row->sha256, (int) $row->size, $source, $mayGoOn);
            if ($isThere) {
                return;
            }
        }
    }

    /**
     * Files that are no columns' are where they were put; what came back may be a medium of here.
     *
     * @param list<string> $paths
     * @return list<FileRef>
     */
    private function refs(array $paths): array
    {
        $refs = [];
        foreach ($paths as $path) {
            $refs[] = new FileRef($this->settings->staging, $path);
        }
        return $refs;
    }

    /** @return list<string> */
    private static function paths(string $text): array
    {
        $list = str_starts_with($text, '[') ? json_decode($text, true) : null;
        return array_values(array_filter(is_array($list) ? $list : [$text], static fn (mixed $path): bool => is_string($path) && $path !== ''));
    }
}
