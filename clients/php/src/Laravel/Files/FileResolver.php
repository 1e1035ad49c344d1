<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Illuminate\Database\Eloquent\Model;

/**
 * Knows where the files of a model's records are. The package has three: for a column with a path, for a column with a list of paths,
 * and for a media collection. Another one, for kinds of an application's own, is named in `cognate.files.resolvers`.
 */
interface FileResolver
{
    /**
     * Fields of the model that lead to files, beside those that `syncFiles()` declares.
     *
     * @return array<string, array<string, mixed>|string> by name; what they are as `syncFiles()` says it
     */
    public function fields(Model $model): array;

    /** Whether it is the one for a field. */
    public function resolves(FileField $field): bool;

    /**
     * What is captured of the field with a write: where its files are, as text, and nothing that takes long. Not asked of columns, which
     * are captured as they are.
     */
    public function read(FileField $field, Model $record): ?string;

    /**
     * The files that a captured value leads to, in order. Called by the worker.
     *
     * @return list<FileRef>|null null: it leads to none, and is sent as it is
     */
    public function files(FileField $field, mixed $captured): ?array;

    /** Whether the field has several files, and is sent as a list. */
    public function isList(FileField $field, mixed $captured): bool;

    /**
     * What a column is to have for files that were put in place.
     *
     * @param list<string> $paths on the field's disk, or addresses
     */
    public function value(FileField $field, array $paths): ?string;

    /**
     * Gives the files to a record that was saved. Not asked of columns.
     *
     * @param list<FileRef> $files
     */
    public function attach(FileField $field, Model $record, array $files): void;
}
