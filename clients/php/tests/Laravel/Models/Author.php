<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;

class Author extends Model
{
    use Syncable;

    protected $table = 'authors';
    protected $guarded = [];
    protected $casts = ['pictures' => 'array'];
    public $timestamps = false;

    public function syncFiles(): array
    {
        return [
            'avatar' => ['directory' => 'avatars'],
            'pictures',
            'scan' => ['disk' => 'private', 'extensions' => ['pdf'], 'max_bytes' => 200_000],
        ];
    }
}
