<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Value\File;
use Cognate\Laravel\Definition;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\ErrorReport;
use Cognate\Laravel\Events\FileFailed;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\OutboxRow;
use Cognate\V1\Operation;
use Illuminate\Contracts\Events\Dispatcher;

/**
 * Puts files in the place of the paths that were captured, when the changes are sent: a save looks at no file. What is small is sent
 * before the records, so that these need not wait for it at the hub.
 */
final class OutgoingFiles
{
    /** @var array<string, list<array{field: string, disk: string, path: string, reason: string, message: string}>> by record */
    private array $missing = [];
    /** @var array<string, FileContent> by hash */
    private array $small = [];
    /** @var array<string, true> what listeners were told */
    private array $told = [];

    public function __construct(
        private readonly Definitions $definitions,
        private readonly FileResolvers $resolvers,
        private readonly Disks $disks,
        private readonly FileHashes $hashes,
        private readonly FileWaits $waits,
        private readonly Uploader $uploader,
        private readonly ErrorReport $errors,
        private readonly Dispatcher $events,
    ) {
    }

    /**
     * @param list<OutboxRow> $rows
     * @param (Closure(): bool)|null $mayGoOn asked now and then while files are read
     * @return array<int, array<string, File|list<File>|null>> by id of the row and field; null: the field is left out, as its file is not there
     */
    public function of(array $rows, ?Closure $mayGoOn = null): array
    {
        $this->missing = $this->small = [];
        $values = [];
        foreach ($rows as $row) {
            $definition = $this->definitions->named($row->model);
            $fields = $definition === null ? [] : array_intersect_key($this->resolvers->fields($definition), $row->fields);
            if ($definition === null || $fields === []) {
                continue;
            }
            $this->missing["$row->model\0$row->localId"] = [];
            foreach ($fields as $name => $field) {
                $captured = $row->fields[$name];
                if ($row->operation === Operation::OPERATION_DELETE) {
                    $values[$row->id][$name] = null;
                } elseif (($files = $this->files($definition, $field, $captured)) !== null) {
                    $values[$row->id][$name] = $this->value($definition, $field, $captured, $files, "$row->model\0$row->localId", $mayGoOn);
                }
            }
        }
        $this->waits->replace($this->missing);
        $this->send();
        return $values;
    }

    /**
     * Whether a file of the record is another one than was read before, under the same path.
     *
     * @param array<string, mixed> $captured
     */
    public function isChanged(Definition $definition, array $captured): bool
    {
        foreach (array_intersect_key($this->resolvers->fields($definition), $captured) as $name => $field) {
            foreach ($this->files($definition, $field, $captured[$name]) ?? [] as $ref) {
                if (FilePaths::isInside($ref->path) && $this->hashes->isChanged($ref)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** @return list<FileRef>|null */
    private function files(Definition $definition, FileField $field, mixed $captured): ?array
    {
        return $captured === null ? null : $this->resolvers->for($definition->class, $field)->files($field, $captured);
    }

    /**
     * @param list<FileRef> $files
     * @return File|list<File>|null
     */
    private function value(Definition $definition, FileField $field, mixed $captured, array $files, string $record, ?Closure $mayGoOn): File|array|null
    {
        $found = [];
        foreach ($files as $ref) {
            try {
                $content = $this->content($field, $ref, $mayGoOn);
                $found[] = $content->value();
                $this->small[$content->sha256] = $content;
            } catch (FileRefused $refused) {
                $reason = $refused->retryDelay === null ? $refused->reason : FileWaits::ABSENT;
                $this->missing[$record][] = ['field' => $field->name, 'disk' => $ref->disk, 'path' => $ref->path, 'reason' => $reason, 'message' => $refused->getMessage()];
                $this->tell($record, $ref, $refused);
            }
        }
        if ($this->resolvers->for($definition->class, $field)->isList($field, $captured)) {
            return $found === [] && $files !== [] ? null : $found;
        }
        return $found[0] ?? null;
    }

    private function content(FileField $field, FileRef $ref, ?Closure $mayGoOn): FileContent
    {
        if (!FilePaths::isInside($ref->path)) {
            throw new FileRefused('FILE_OUTSIDE_PLACE', FilePaths::shown($ref->path) . " leads out of the disk $ref->disk, or is hidden there");
        }
        FilePaths::check($ref->path, 0, $field->extensions, 0);
        try {
            $this->disks->get($ref->disk);
        } catch (InvalidDefinition $error) {
            throw new FileRefused('DISK_UNKNOWN', $error->getMessage());
        }
        $content = $this->hashes->of($ref, $mayGoOn) ?? throw new FileRefused(FileWaits::ABSENT, FilePaths::shown($ref->path) . " is not on the disk $ref->disk, or is being written", 1.0);
        FilePaths::check($ref->path, $content->size, $field->extensions, $field->maxBytes);
        return $content;
    }

    /** Without them the records go all the same: what is waited for the hub asks for. */
    private function send(): void
    {
        try {
            $this->uploader->sendSmall($this->small);
        } catch (CognateException | FileRefused $error) {
            $this->errors->tell('small files were not sent before their records', $error);
        } finally {
            $this->small = [];
        }
    }

    private function tell(string $record, FileRef $ref, FileRefused $refused): void
    {
        if ($refused->retryDelay !== null || isset($this->told["$record\0$ref->disk\0$ref->path"])) {
            return;
        }
        $this->told["$record\0$ref->disk\0$ref->path"] = true;
        try {
            $this->events->dispatch(new FileFailed($ref->disk, $ref->path, true, $refused->reason, $refused->getMessage()));
        } catch (\Throwable $error) {
            $this->errors->tell('a listener of FileFailed failed', $error);
        }
    }
}
