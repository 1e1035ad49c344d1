<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Exceptions\InvalidDefinition;
use Illuminate\Database\Eloquent\Model;

/** A collection of Spatie's Media Library. The library keeps the files as it does; what was fetched is copied to it. */
final class MediaFiles extends AbstractFileResolver
{
    /** Among the custom properties of what was fetched: the path under which the hub knows it. */
    private const PLACED = 'cognate_path';

    public function resolves(FileField $field): bool
    {
        return $field->kind === FileField::MEDIA;
    }

    public function read(FileField $field, Model $record): ?string
    {
        $files = [];
        foreach ($this->media($field, $record) as $media) {
            $files[] = ['disk' => (string) $media->disk, 'path' => $media->getPathRelativeToRoot(), 'name' => (string) $media->file_name];
        }
        return $files === [] ? null : json_encode($files, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }

    public function files(FileField $field, mixed $captured): ?array
    {
        $files = is_string($captured) ? json_decode($captured, true) : null;
        return !is_array($files) ? null : array_values(array_map(
            static fn (array $file): FileRef => new FileRef((string) ($file['disk'] ?? ''), (string) ($file['path'] ?? ''), (string) ($file['name'] ?? '')),
            array_filter($files, 'is_array'),
        ));
    }

    public function isList(FileField $field, mixed $captured): bool
    {
        return true;
    }

    /** What is not named any more goes, what is new is added behind. */
    public function attach(FileField $field, Model $record, array $files): void
    {
        $wanted = [];
        foreach ($files as $file) {
            $wanted[$file->path] = $file;
        }
        foreach ($this->media($field, $record) as $media) {
            $placed = (string) $media->getCustomProperty(self::PLACED, '');
            $known = isset($wanted[$placed]) ? $placed : $media->getPathRelativeToRoot();
            if (isset($wanted[$known])) {
                unset($wanted[$known]);
            } else {
                $media->delete();
            }
        }
        foreach ($wanted as $path => $file) {
            $record->addMediaFromDisk($path, $file->disk)->preservingOriginal()
                ->withCustomProperties([self::PLACED => $path])->toMediaCollection($field->collection);
        }
    }

    /** @return iterable<object> */
    private function media(FileField $field, Model $record): iterable
    {
        if (!method_exists($record, 'getMedia')) {
            throw new InvalidDefinition('cognate: ' . get_class($record) . "::syncFiles() names the media $field->name, and the class has no getMedia(); want Spatie\\MediaLibrary\\HasMedia");
        }
        // As they are now: the record may have been loaded with others.
        $record->unsetRelation('media');
        return $record->getMedia($field->collection);
    }
}
