<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\BelongsToMany;

class PostWithPivotClass extends Model
{
    use Syncable;

    protected $table = 'posts';
    protected $guarded = [];

    public function syncModel(): string
    {
        return 'posts with a pivot class';
    }

    public function tags(): BelongsToMany
    {
        return $this->belongsToMany(Tag::class, 'post_tag', 'post_id', 'tag_id')->using(Attachment::class)->withPivot('position');
    }
}
