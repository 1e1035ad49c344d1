<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Illuminate\Support\Collection;

/** Stands for Spatie\MediaLibrary\InteractsWithMedia: of its methods those that the package calls, with their parameters. */
trait InteractsWithMedia
{
    /** @param array<string, mixed>|callable $filters */
    public function getMedia(string $collectionName = 'default', array|callable $filters = []): Collection
    {
        return Media::query()->where('model_type', static::class)->where('model_id', $this->getKey())->where('collection_name', $collectionName)->orderBy('id')->get();
    }

    public function addMediaFromDisk(string $key, ?string $disk = null): FileAdder
    {
        return new FileAdder($this, $key, (string) $disk);
    }
}
