<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\MorphTo;

/** Stands for Spatie\MediaLibrary\MediaCollections\Models\Media. */
class Media extends Model
{
    protected $table = 'media';
    protected $guarded = [];
    protected $casts = ['custom_properties' => 'array'];
    public $timestamps = false;

    public function model(): MorphTo
    {
        return $this->morphTo();
    }

    public function getPathRelativeToRoot(string $conversionName = ''): string
    {
        return "$this->id/$this->file_name";
    }

    public function getCustomProperty(string $propertyName, mixed $default = null): mixed
    {
        return $this->custom_properties[$propertyName] ?? $default;
    }
}
