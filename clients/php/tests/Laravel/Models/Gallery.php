<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Cognate\Tests\Laravel\Support\InteractsWithMedia;
use Illuminate\Database\Eloquent\Model;

class Gallery extends Model
{
    use InteractsWithMedia;
    use Syncable;

    protected $table = 'galleries';
    protected $guarded = [];
    public $timestamps = false;

    public function syncFiles(): array
    {
        return ['photos' => ['media' => 'photos', 'extensions' => ['png', 'jpg']]];
    }
}
