<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Illuminate\Container\Container;
use Illuminate\Database\Eloquent\Model;

/** Stands for Spatie\MediaLibrary\MediaCollections\FileAdder: it copies the file into a directory of the medium's own, on the disk `media`. */
final class FileAdder
{
    private bool $keeps = false;
    /** @var array<string, mixed> */
    private array $properties = [];

    public function __construct(private readonly Model $owner, private readonly string $path, private readonly string $disk)
    {
    }

    public function preservingOriginal(bool $preserveOriginal = true): self
    {
        $this->keeps = $preserveOriginal;
        return $this;
    }

    /** @param array<string, mixed> $customProperties */
    public function withCustomProperties(array $customProperties): self
    {
        $this->properties = $customProperties;
        return $this;
    }

    public function toMediaCollection(string $collectionName = 'default', string $diskName = ''): Media
    {
        $root = static fn (string $disk): string => Container::getInstance()->make('config')->get("filesystems.disks.$disk.root");
        $media = Media::create([
            'model_type' => get_class($this->owner),
            'model_id' => $this->owner->getKey(),
            'collection_name' => $collectionName,
            'file_name' => basename($this->path),
            'disk' => 'media',
            'custom_properties' => $this->properties,
        ]);
        $target = $root('media') . '/' . $media->getPathRelativeToRoot();
        mkdir(dirname($target), 0755, true);
        $source = $root($this->disk) . "/$this->path";
        $this->keeps ? copy($source, $target) : rename($source, $target);
        return $media;
    }
}
